// Measurements as they are drawn over a picture: lines, handles for a thumb, and what they say.

import { through, type Affine, type Point } from "./affine";
import { plain } from "./dicomjson";
import { drawn } from "./elements";
import { measured, type Mark, type Measured } from "./measure";
import type { Samples } from "./tone";
import { say } from "./words";

// As wide as a thumb, or as a mouse needs; the dot that is seen is smaller.
const HANDLE_PIXELS = matchMedia("(pointer: fine)").matches ? 10 : 22;
const DOT_PIXELS = 5;
const LINE_PIXELS = 17; // of what is said, at the usual size of type
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

interface Box {
  width: number;
  height: number;
}

/** All marks of one picture, drawn anew. `chosen` shows its handles. */
export function drawMarks(layer: SVGElement, marks: Mark[], matrix: Affine, samples: Samples | null, chosen: number | null): void {
  const focused = document.activeElement instanceof SVGElement ? document.activeElement.getAttribute("data-handle") : null;
  const box = { width: layer.clientWidth, height: layer.clientHeight };
  layer.replaceChildren(...marks.map((mark) => drawMark(mark, matrix, samples, mark.id === chosen, box)));
  if (focused) layer.querySelector<SVGElement>(`[data-handle="${focused}"]`)?.focus();
}

function drawMark(mark: Mark, matrix: Affine, samples: Samples | null, chosen: boolean, box: Box): SVGElement {
  const points = mark.points.map((point) => through(matrix, point));
  const path = outline(mark, points, matrix);
  const group = drawn("g", { class: chosen ? "mark chosen" : "mark", "data-mark": mark.id, "data-tool": mark.tool });
  group.append(
    drawn("path", { class: "touch", d: path, "data-mark": mark.id }),
    drawn("path", { class: "edge", d: path }),
    drawn("path", { class: "line", d: path }),
  );
  const words = sentences(mark, measured(mark, samples));
  group.append(label(words, held(labelPlace(mark, points), words, box)));
  if (mark.tool !== "freehand") points.forEach((point, place) => group.append(handle(mark, point, place)));
  return group;
}

function handle(mark: Mark, { x, y }: Point, place: number): SVGElement {
  const name = say("handle", { tool: say(mark.tool), count: place + 1 });
  const dot = drawn("g", { class: "handle", "data-handle": `${mark.id}/${place}`, tabindex: 0, role: "button", "aria-label": name });
  dot.append(drawn("circle", { class: "touch", cx: x, cy: y, r: HANDLE_PIXELS }), drawn("circle", { class: "dot", cx: x, cy: y, r: DOT_PIXELS }));
  return dot;
}

function outline({ tool, points: given }: Mark, points: Point[], matrix: Affine): string {
  const at = (place: number) => `${points[place]?.x.toFixed(1)} ${points[place]?.y.toFixed(1)}`;
  const line = (from: number, to: number) => (points[to] ? `M${at(from)}L${at(to)}` : "");
  switch (tool) {
    case "length":
      return line(0, 1);
    case "angle":
      return line(0, 1) + line(1, 2);
    case "cobb":
    case "ratio":
      return line(0, 1) + line(2, 3);
    case "freehand":
      return `M${points.map((_, place) => at(place)).join("L")}Z`;
    case "probe":
      return cross(points[0] as Point);
    case "ellipse":
      return ellipse(given, matrix);
  }
}

const CROSS_PIXELS = 9;
const cross = ({ x, y }: Point) =>
  `M${x - CROSS_PIXELS} ${y}L${x - 3} ${y}M${x + 3} ${y}L${x + CROSS_PIXELS} ${y}M${x} ${y - CROSS_PIXELS}L${x} ${y - 3}M${x} ${y + 3}L${x} ${y + CROSS_PIXELS}`;

const ELLIPSE_STEPS = 72;

function ellipse([one, other]: Point[], matrix: Affine): string {
  if (!one || !other) return "";
  const [middle, half] = [
    { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 },
    { x: (one.x - other.x) / 2, y: (one.y - other.y) / 2 },
  ];
  const steps = Array.from({ length: ELLIPSE_STEPS }, (_, step) => {
    const angle = (step * 2 * Math.PI) / ELLIPSE_STEPS;
    const { x, y } = through(matrix, { x: middle.x + half.x * Math.cos(angle), y: middle.y + half.y * Math.sin(angle) });
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${steps.join("L")}Z`;
}

function labelPlace({ tool }: Mark, points: Point[]): Point {
  if (tool === "ratio" || tool === "cobb") return { x: Math.min(...points.map(({ x }) => x)), y: Math.max(...points.map(({ y }) => y)) + 24 };
  const of = tool === "angle" ? [points[1] as Point] : tool === "length" || tool === "probe" ? points.slice(-1) : points;
  return { x: Math.max(...of.map(({ x }) => x)) + 12, y: of.reduce((sum, { y }) => sum + y, 0) / of.length - 8 };
}

const WIDE = /[\u2e80-\uffff]/g;
const LETTER_PIXELS = 7.5; // about

/** The place of a label, so that all of it is on the stage. */
function held({ x, y }: Point, words: string[], box: Box): Point {
  const letters = Math.max(...words.map((word) => word.length + (word.match(WIDE)?.length ?? 0) * 0.8));
  const [right, lower] = [box.width - letters * LETTER_PIXELS * scale() - 6, box.height - words.length * LINE_PIXELS * scale()];
  return { x: Math.max(4, Math.min(x, right)), y: Math.max(16, Math.min(y, lower)) };
}

function label(words: string[], { x, y }: Point): SVGElement {
  const lines = words.map((word, at) => {
    const line = drawn("tspan", { x, dy: at ? LINE_PIXELS * scale() : 0 });
    line.textContent = word;
    return line;
  });
  return drawn("text", { class: "said", x, y }, ...lines);
}

/** What a mark says, line by line. */
export function sentences(mark: Mark, found: Measured): string[] {
  const unit = found.spacing ? "mm" : say("unit.pixels");
  const long = (one: number) => `${one.toFixed(1)} ${unit}`;
  const said: string[] = [];
  if (found.angle !== null) said.push(`${found.angle.toFixed(1)}°`);
  if (found.ratio !== null) said.push(`${say("ratio")} ${found.ratio.toFixed(2)}`);
  if (mark.tool === "ratio") {
    const [heart, chest] = found.lengths;
    said.push(say("heart", { value: long(heart ?? 0) }), say("chest", { value: long(chest ?? 0) }));
  } else if (found.lengths.length) {
    said.push(long(found.lengths[0] as number));
  }
  if (found.area !== null) said.push(`${plain(found.area, 1)} ${found.spacing ? "mm²" : say("unit.pixels2")}`);
  return [...said, ...valuesOf(mark, found), ...(measuresLength(found) ? source(found) : [])];
}

const measuresLength = ({ lengths, area }: Measured) => lengths.length > 0 || area !== null;

function valuesOf({ tool, picture }: Mark, { value, statistics }: Measured): string[] {
  const { unit } = picture.tone;
  const said = (one: number) => `${plain(one, 1)}${unit ? ` ${unit}` : ""}`;
  if (tool === "probe") return [value === null ? say("noValue") : said(value)];
  if (!statistics) return [];
  return [
    say("mean", { value: said(statistics.mean) }),
    say("deviation", { value: plain(statistics.deviation, 1) }),
    say("range", { low: plain(statistics.lowest, 1), high: plain(statistics.highest, 1) }),
  ];
}

function source({ spacing }: Measured): string[] {
  if (!spacing) return [say("noSpacing")];
  return spacing.source === "patient" ? [] : [say(spacing.source)];
}
