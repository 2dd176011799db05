// What a measurement says: lengths, angles, areas, values. Points are picture coordinates; (0,0) is the outer corner of the first pixel.

import type { Point } from "./affine";
import type { Picture } from "./pictures";
import { spacingAt, type Spacing } from "./space";
import { rescaled, type Samples } from "./tone";

export type Tool = "length" | "angle" | "cobb" | "ellipse" | "freehand" | "probe" | "ratio";
export const TOOLS: Tool[] = ["length", "angle", "cobb", "ellipse", "freehand", "probe", "ratio"];

/** How many points a finished mark has; freehand as many as were drawn. */
export const POINTS: Record<Tool, number> = { length: 2, angle: 3, cobb: 4, ellipse: 2, freehand: 3, probe: 1, ratio: 4 };

export interface Mark {
  id: number;
  tool: Tool;
  points: Point[];
  picture: Picture;
}

/** Values inside an outline, in the unit of the image. */
export interface Statistics {
  mean: number;
  deviation: number;
  lowest: number;
  highest: number;
  count: number;
}

/** All that can be said of a mark; null where it cannot. Lengths in mm where `spacing` is known, else in pixels. */
export interface Measured {
  spacing: Spacing | null;
  lengths: number[];
  angle: number | null; // degrees
  area: number | null; // mm² or pixels
  ratio: number | null;
  value: number | null;
  statistics: Statistics | null;
}

export function measured(mark: Mark, samples: Samples | null): Measured {
  const { picture, points, tool } = mark;
  const spacing = spacingAt(picture.row, picture.frame, points);
  const flat = points.map(({ x, y }) => (spacing ? { x: x * spacing.across, y: y * spacing.down } : { x, y }));
  const even = points.map(({ x, y }) => ({ x, y: y * picture.aspect })); // for angles the shape of a pixel is enough
  const nothing: Measured = { spacing, lengths: [], angle: null, area: null, ratio: null, value: null, statistics: null };
  switch (tool) {
    case "length":
      return { ...nothing, lengths: [distance(flat[0], flat[1])] };
    case "angle":
      return { ...nothing, angle: opening(way(even[1], even[0]), way(even[1], even[2])) };
    case "cobb":
      return { ...nothing, angle: acute(way(even[0], even[1]), way(even[2], even[3])) };
    case "ratio": {
      const lengths = [distance(flat[0], flat[1]), distance(flat[2], flat[3])];
      const [heart, chest] = lengths as [number, number];
      return { ...nothing, lengths, ratio: chest > 0 ? heart / chest : null };
    }
    case "ellipse": {
      const [one, other] = [flat[0] as Point, flat[1] as Point];
      const area = (Math.PI * Math.abs(one.x - other.x) * Math.abs(one.y - other.y)) / 4;
      return { ...nothing, area, statistics: samples && inside(ellipseRows(mark.points, picture), samples, picture) };
    }
    case "freehand":
      return { ...nothing, area: surface(flat), statistics: samples && inside(outlineRows(points, picture), samples, picture) };
    case "probe":
      return { ...nothing, value: samples && valueAt(points[0] as Point, samples, picture) };
  }
}

const distance = (one?: Point, other?: Point) => (one && other ? Math.hypot(one.x - other.x, one.y - other.y) : 0);
const way = (from?: Point, to?: Point): Point => (from && to ? { x: to.x - from.x, y: to.y - from.y } : { x: 0, y: 0 });

/** Between two directions, 0 to 180 degrees. */
function opening(one: Point, other: Point): number {
  const angle = Math.abs(Math.atan2(one.x * other.y - one.y * other.x, one.x * other.x + one.y * other.y));
  return (angle * 180) / Math.PI;
}

/** Between two lines, 0 to 90 degrees, whichever way they were drawn. */
function acute(one: Point, other: Point): number {
  const angle = opening(one, other);
  return angle > 90 ? 180 - angle : angle;
}

function surface(points: Point[]): number {
  let twice = 0;
  points.forEach((one, at) => {
    const next = points[(at + 1) % points.length] as Point;
    twice += one.x * next.y - next.x * one.y;
  });
  return Math.abs(twice) / 2;
}

function valueAt({ x, y }: Point, samples: Samples, { columns, rows, tone }: Picture): number | null {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= columns || row >= rows) return null;
  return rescaled(samples[row * columns + column] as number, tone);
}

/** Rows of pixels whose middles lie inside: row, from column, up to and without column. */
type Rows = [row: number, from: number, to: number][];

function ellipseRows([one, other]: Point[], { rows }: Picture): Rows {
  if (!one || !other) return [];
  const [middleX, middleY] = [(one.x + other.x) / 2, (one.y + other.y) / 2];
  const [wide, high] = [Math.abs(one.x - other.x) / 2, Math.abs(one.y - other.y) / 2];
  const found: Rows = [];
  for (let row = Math.max(0, Math.floor(middleY - high)); row < Math.min(rows, middleY + high); row += 1) {
    const up = (row + 0.5 - middleY) / high;
    if (Math.abs(up) > 1) continue;
    const half = wide * Math.sqrt(1 - up * up);
    found.push([row, Math.ceil(middleX - half - 0.5), Math.floor(middleX + half - 0.5) + 1]);
  }
  return found;
}

function outlineRows(points: Point[], { rows }: Picture): Rows {
  const found: Rows = [];
  const heights = points.map(({ y }) => y);
  for (let row = Math.max(0, Math.floor(Math.min(...heights))); row < Math.min(rows, Math.max(...heights)); row += 1) {
    const crossings = crossed(points, row + 0.5).sort((one, other) => one - other);
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      found.push([row, Math.ceil((crossings[at] as number) - 0.5), Math.floor((crossings[at + 1] as number) - 0.5) + 1]);
    }
  }
  return found;
}

function crossed(points: Point[], height: number): number[] {
  const found: number[] = [];
  points.forEach((one, at) => {
    const next = points[(at + 1) % points.length] as Point;
    if (one.y > height === next.y > height) return;
    found.push(one.x + ((height - one.y) / (next.y - one.y)) * (next.x - one.x));
  });
  return found;
}

function inside(lines: Rows, samples: Samples, { columns, tone }: Picture): Statistics | null {
  let [count, sum, squares, lowest, highest] = [0, 0, 0, Infinity, -Infinity];
  for (const [row, from, to] of lines) {
    for (let column = Math.max(0, from); column < Math.min(columns, to); column += 1) {
      const value = rescaled(samples[row * columns + column] as number, tone);
      count += 1;
      sum += value;
      squares += value * value;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
  }
  if (!count) return null;
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), lowest, highest, count };
}

/** A mark of the usual size in the middle of what is seen, for whoever cannot draw: it is then moved by its handles. */
export function placed(tool: Tool, middle: Point, size: number): Point[] {
  const at = (x: number, y: number): Point => ({ x: middle.x + x * size, y: middle.y + y * size });
  switch (tool) {
    case "length":
      return [at(-1, 0), at(1, 0)];
    case "angle":
      return [at(-1, 0.5), at(0, -0.5), at(1, 0.5)];
    case "cobb":
      return [at(-1, -0.7), at(1, -0.5), at(-1, 0.5), at(1, 0.7)];
    case "ratio":
      return [at(-0.5, -0.2), at(0.5, -0.2), at(-1, 0.2), at(1, 0.2)];
    case "ellipse":
      return [at(-0.7, -0.5), at(0.7, 0.5)];
    case "freehand":
      return Array.from({ length: 12 }, (_, step) => at(0.6 * Math.cos((step * Math.PI) / 6), 0.6 * Math.sin((step * Math.PI) / 6)));
    case "probe":
      return [at(0, 0)];
  }
}
