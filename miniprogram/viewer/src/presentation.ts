// How a doctor left a picture: a softcopy presentation state (PS3.3 A.33, C.10.4 to C.10.7, C.7.6.11, C.11.8).

import { flipped, rotated, UPRIGHT, type Point, type Posture } from "./affine";
import { items, number, numbers, text, values, type Name, type Row } from "./dicomjson";
import { meantFor, palette, stateTable, type Lut, type Place } from "./luts";
import type { Picture } from "./pictures";
import type { Window } from "./tone";

/** In picture coordinates: (0,0) is the outer corner of the first pixel. */
export type Shape =
  | { kind: "points" | "line" | "curve"; points: Point[]; filled: boolean }
  | { kind: "ellipse"; middle: Point; along: Point; across: Point; filled: boolean }
  | { kind: "text"; lines: string[]; at: Point; anchor: Point | null };

export type Shutter =
  | { kind: "rectangle"; left: number; right: number; upper: number; lower: number }
  | { kind: "circle"; middle: Point; radius: number }
  | { kind: "polygon"; points: Point[] };

export interface Area {
  start: Point;
  end: Point;
}

export interface Presented {
  label: string;
  window: Window | null;
  voi: Lut | null; // instead of a window
  colours: Uint32Array | null; // one for each shade of grey
  missed: boolean; // its greys or colours can not be shown as they were set
  inverted: boolean; // white is the lowest value, whatever the image itself says
  posture: Posture;
  area: Area | null; // to be seen; null = all of it
  shutters: Shutter[];
  shapes: Shape[];
}

const PRESENTATIONS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.11\.[123]$/; // greyscale, colour and pseudo-colour
const PSEUDO_COLOUR = "1.2.840.10008.5.1.4.1.1.11.3";
export const isPresentation = (row: Row): boolean => PRESENTATIONS.test(text(row, "SOPClassUID"));

/** When it was made, for finding the newest. */
export const madeAt = (row: Row): string => `${text(row, "CreationDate") || text(row, "ContentDate")}${text(row, "CreationTime")}`;

/** A state and what was read of its tables; null where one could not be. */
export interface State {
  row: Row;
  tables: Map<Row, Lut | null>; // by the item of Softcopy VOI LUT Sequence that brings it
  colours: Uint32Array | null;
}

/** All that a state brings besides its attributes. What can not be had is missed, not waited for. */
export async function stateOf(place: Place): Promise<State> {
  const { row } = place;
  const tables = new Map<Row, Lut | null>();
  for (const [at, item] of items(row, "SoftcopyVoi").entries()) {
    if (items(item, "VoiLut").length && !windowOf(item)) tables.set(item, await stateTable(place, item, at).catch(() => null));
  }
  const coloured = text(row, "SOPClassUID") === PSEUDO_COLOUR;
  return { row, tables, colours: coloured ? await palette(place).catch(() => null) : null };
}

/** What a presentation state says of a picture; null when it is not about it. */
export function presented({ row, tables, colours }: State, picture: Picture): Presented | null {
  if (!items(row, "ReferencedSeries").some((series) => items(series, "ReferencedImages").some((image) => isOf(image, picture)))) return null;
  const toned = items(row, "SoftcopyVoi").find((each) => concerns(each, picture));
  const table = toned && tables.get(toned);
  const area = areaOf(items(row, "DisplayedAreas").find((each) => concerns(each, picture)), picture);
  return {
    label: text(row, "ContentLabel") || text(row, "SeriesDescription"),
    window: windowOf(toned),
    voi: table ? meantFor(table, picture) : null,
    colours,
    missed: table === null || (text(row, "SOPClassUID") === PSEUDO_COLOUR && !colours) || hasOtherValues(row, picture),
    inverted: text(row, "PresentationShape") === "INVERSE",
    posture: postureOf(row),
    area,
    shutters: shuttersOf(row),
    shapes: layered(row)
      .filter((each) => concerns(each, picture))
      .flatMap((each) => shapesOf(each, area ?? { start: { x: 0, y: 0 }, end: { x: picture.columns, y: picture.rows } })),
  };
}

/** It was set on values other than those that the image itself leads to, or for a screen of its own kind (PS3.3 C.11.1, C.11.6). */
function hasOtherValues(row: Row, { tone }: Picture): boolean {
  const [slope, intercept] = [number(row, "RescaleSlope"), number(row, "RescaleIntercept")];
  const rescaled = slope !== undefined && intercept !== undefined && (slope !== tone.slope || intercept !== tone.intercept);
  return rescaled || items(row, "PresentationLut").length > 0 || (items(row, "ModalityLut").length > 0 && !tone.hasTables);
}

function isOf(image: Row, { instance, frame }: Picture): boolean {
  const frames = numbers(image, "ReferencedFrame");
  return text(image, "ReferencedSOP") === instance && (!frames.length || frames.includes(frame));
}

/** An item that names no images is about all of them. */
function concerns(item: Row, picture: Picture): boolean {
  const images = items(item, "ReferencedImages");
  return !images.length || images.some((image) => isOf(image, picture));
}

function windowOf(item: Row | undefined): Window | null {
  const [center, width] = [number(item, "WindowCenter"), number(item, "WindowWidth")];
  if (center === undefined || !width || width <= 0) return null;
  return { center, width, shape: (text(item, "VoiFunction") || "LINEAR") as Window["shape"] };
}

/** Turned first, then mirrored (PS3.3 C.10.6). */
function postureOf(row: Row): Posture {
  const turned = rotated(UPRIGHT, number(row, "Rotation") ?? 0);
  return text(row, "HorizontalFlip") === "Y" ? flipped(turned, true) : turned;
}

/** Given by the first and the last pixel, columns first, counted from 1; beyond the picture there is nothing to see. */
function areaOf(item: Row | undefined, { columns, rows }: Picture): Area | null {
  const [[x0, y0], [x1, y1]] = [numbers(item, "AreaStart"), numbers(item, "AreaEnd")];
  if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return null;
  const start = { x: Math.max(0, Math.min(x0, x1) - 1), y: Math.max(0, Math.min(y0, y1) - 1) };
  const end = { x: Math.min(columns, Math.max(x0, x1)), y: Math.min(rows, Math.max(y0, y1)) };
  const whole = start.x === 0 && start.y === 0 && end.x === columns && end.y === rows;
  return whole || end.x <= start.x || end.y <= start.y ? null : { start, end };
}

/** Rows come before columns, counted from 1 (PS3.3 C.7.6.11). */
export function shuttersOf(row: Row): Shutter[] {
  return values(row, "ShutterShape").flatMap((shape): Shutter[] => {
    if (shape === "RECTANGULAR") {
      const sides = (["ShutterLeft", "ShutterRight", "ShutterUpper", "ShutterLower"] as Name[]).map((name) => number(row, name));
      if (sides.some((side) => side === undefined)) return [];
      const [left, right, upper, lower] = sides as [number, number, number, number];
      return [{ kind: "rectangle", left, right: right - 1, upper, lower: lower - 1 }]; // the named lines themselves are hidden
    }
    if (shape === "CIRCULAR") {
      const [[down, across], radius] = [numbers(row, "ShutterCenter"), number(row, "ShutterRadius")];
      return down === undefined || across === undefined || !radius ? [] : [{ kind: "circle", middle: { x: across - 0.5, y: down - 0.5 }, radius }];
    }
    const points = pairs(numbers(row, "ShutterVertices")).map(({ x: down, y: across }) => ({ x: across - 0.5, y: down - 0.5 }));
    return points.length > 2 ? [{ kind: "polygon", points }] : [];
  });
}

/** Annotations, those of the lowest layer first. */
function layered(row: Row): Row[] {
  const order = new Map(items(row, "Layers").map((layer) => [text(layer, "GraphicLayer"), number(layer, "LayerOrder") ?? 0]));
  const place = (annotation: Row) => order.get(text(annotation, "GraphicLayer")) ?? 0;
  return [...items(row, "Graphics")].sort((one, other) => place(one) - place(other));
}

function shapesOf(annotation: Row, area: Area): Shape[] {
  return [...items(annotation, "Shapes").flatMap((each) => shapeOf(each, area)), ...items(annotation, "Texts").flatMap((each) => textOf(each, area))];
}

function shapeOf(row: Row, area: Area): Shape[] {
  const points = pairs(numbers(row, "GraphicData")).map((point) => placed(point, text(row, "GraphicUnits"), area));
  const filled = text(row, "GraphicFilled") === "Y";
  const [one, two, three, four] = points;
  switch (text(row, "GraphicType")) {
    case "POINT":
      return points.length ? [{ kind: "points", points, filled: true }] : [];
    case "POLYLINE":
      return points.length > 1 ? [{ kind: "line", points, filled }] : [];
    case "INTERPOLATED":
      return points.length > 1 ? [{ kind: "curve", points, filled }] : [];
    case "CIRCLE": // its middle, and a point on it
      return one && two ? [circle(one, Math.hypot(two.x - one.x, two.y - one.y), filled)] : [];
    case "ELLIPSE": // the ends of its longer, then of its shorter axis
      return one && two && three && four ? [{ kind: "ellipse", middle: between(one, two), along: half(one, two), across: half(three, four), filled }] : [];
    default:
      return [];
  }
}

const circle = (middle: Point, radius: number, filled: boolean): Shape => ({ kind: "ellipse", middle, along: { x: radius, y: 0 }, across: { x: 0, y: radius }, filled });

function textOf(row: Row, area: Area): Shape[] {
  const lines = text(row, "NoteText").split(/\r\n|\n|\r/).filter(Boolean);
  const [corner] = pairs(numbers(row, "BoxStart")).map((point) => placed(point, text(row, "BoxUnits"), area));
  const [anchor] = pairs(numbers(row, "Anchor")).map((point) => placed(point, text(row, "AnchorUnits"), area));
  const at = corner ?? anchor;
  if (!at || !lines.length) return [];
  return [{ kind: "text", lines, at, anchor: corner && anchor && text(row, "AnchorShown") === "Y" ? anchor : null }];
}

/** DISPLAY units are shares of the displayed area; all others are of the picture (PS3.3 C.10.5.1.1). */
function placed({ x, y }: Point, units: string, { start, end }: Area): Point {
  return units === "DISPLAY" ? { x: start.x + x * (end.x - start.x), y: start.y + y * (end.y - start.y) } : { x, y };
}

function pairs(all: number[]): Point[] {
  return Array.from({ length: Math.floor(all.length / 2) }, (_, place) => ({ x: all[2 * place] as number, y: all[2 * place + 1] as number }));
}

const between = (one: Point, other: Point): Point => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
const half = (one: Point, other: Point): Point => ({ x: (other.x - one.x) / 2, y: (other.y - one.y) / 2 });
