// What a presentation state draws over a picture: lines, texts, and the shutter around what is to be seen.

import { through, type Affine, type Point } from "./affine";
import { drawn } from "./elements";
import type { Presented, Shape, Shutter } from "./presentation";

const POINT_PIXELS = 3;
const LINE_PIXELS = 17;
const ELLIPSE_STEPS = 72;
const FAR = 1e5; // CSS pixels: beyond every stage

/** All of it drawn anew. */
export function drawNotes(layer: SVGElement, said: Presented | null, shutters: Shutter[], matrix: Affine): void {
  const shades = shutters.map((shutter) => drawn("path", { class: "shutter", "fill-rule": "evenodd", d: `${EVERYWHERE}${opening(shutter, matrix)}` }));
  const shapes = (said?.shapes ?? []).map((shape) => drawShape(shape, matrix));
  layer.replaceChildren(...shades, ...shapes);
}

const EVERYWHERE = `M${-FAR} ${-FAR}H${FAR}V${FAR}H${-FAR}Z`;

function opening(shutter: Shutter, matrix: Affine): string {
  if (shutter.kind === "polygon") return outline(shutter.points, matrix, true);
  if (shutter.kind === "circle") {
    const { middle, radius } = shutter;
    return outline(around(middle, { x: radius, y: 0 }, { x: 0, y: radius }), matrix, true);
  }
  const { left, right, upper, lower } = shutter;
  return outline([{ x: left, y: upper }, { x: right, y: upper }, { x: right, y: lower }, { x: left, y: lower }], matrix, true);
}

function drawShape(shape: Shape, matrix: Affine): SVGElement {
  if (shape.kind === "text") return drawText(shape, matrix);
  if (shape.kind === "points") {
    const dots = shape.points.map((point) => through(matrix, point)).map(({ x, y }) => drawn("circle", { cx: x, cy: y, r: POINT_PIXELS }));
    return drawn("g", { class: "note filled" }, ...dots);
  }
  const points = shape.kind === "ellipse" ? around(shape.middle, shape.along, shape.across) : shape.kind === "curve" ? smooth(shape.points) : shape.points;
  const d = outline(points, matrix, shape.kind === "ellipse");
  return drawn("g", { class: shape.filled ? "note filled" : "note" }, drawn("path", { class: "edge", d }), drawn("path", { class: "line", d }));
}

function drawText({ lines, at, anchor }: Shape & { kind: "text" }, matrix: Affine): SVGElement {
  const { x, y } = through(matrix, at);
  const group = drawn("g", { class: "note" });
  if (anchor) group.append(drawn("path", { class: "line", d: outline([at, anchor], matrix, false) }));
  const said = lines.map((words, place) => {
    const line = drawn("tspan", { x, dy: place ? LINE_PIXELS : 0 });
    line.textContent = words;
    return line;
  });
  group.append(drawn("text", { x, y: y + LINE_PIXELS - 4 }, ...said)); // the box is named by its upper corner
  return group;
}

function outline(points: Point[], matrix: Affine, closed: boolean): string {
  const places = points.map((point) => through(matrix, point)).map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return `M${places.join("L")}${closed ? "Z" : ""}`;
}

function around(middle: Point, along: Point, across: Point): Point[] {
  return Array.from({ length: ELLIPSE_STEPS }, (_, step) => {
    const angle = (step * 2 * Math.PI) / ELLIPSE_STEPS;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return { x: middle.x + along.x * cos + across.x * sin, y: middle.y + along.y * cos + across.y * sin };
  });
}

const STEPS_BETWEEN = 12;

/** A curve through all points (Catmull-Rom), which the standard leaves to whoever draws it. */
function smooth(points: Point[]): Point[] {
  const at = (place: number) => points[Math.min(points.length - 1, Math.max(0, place))] as Point;
  return points.slice(0, -1).flatMap((_, place) =>
    Array.from({ length: STEPS_BETWEEN + 1 }, (_, step) => {
      const t = step / STEPS_BETWEEN;
      const mixed = (axis: "x" | "y") => {
        const [a, b, c, d] = [at(place - 1)[axis], at(place)[axis], at(place + 1)[axis], at(place + 2)[axis]];
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
      };
      return { x: mixed("x"), y: mixed("y") };
    }),
  );
}
