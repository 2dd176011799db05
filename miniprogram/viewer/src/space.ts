// Where a picture lies in the patient, and how large its pixels are (PS3.3 C.7.6.2, 10.7.1.3). All pure.

import { group, item, items, number, numbers, text, type Row } from "./dicomjson";
import type { Point } from "./affine";

export type Vector = [number, number, number];

/** A plane in the patient, mm. */
export interface Plane {
  frameOfReference: string;
  origin: Vector; // middle of the first pixel
  along: Vector; // direction of a row
  down: Vector; // direction of a column
  normal: Vector;
}

/** mm that a pixel takes across and down, and where that is known from. */
export interface Spacing {
  across: number;
  down: number;
  /** patient: in the patient; calibrated: corrected by the device; detector: on the detector, not corrected for magnification. */
  source: "patient" | "calibrated" | "detector";
}

const PROJECTIONS = new Set(["CR", "DX", "MG", "RF", "XA", "RG", "IO", "PX"]);
const LONGEST_PIXEL = 10;

/** Of all of the picture, or of the ultrasound region (columns and rows, inclusive) around a point; null where it is not known. */
export function spacingOf(row: Row, frame: number): Spacing | null {
  const given = pair(numbers(group(row, frame, "FrameMeasures") ?? row, "PixelSpacing")) ?? pair(numbers(row, "PixelSpacing"));
  const imager = pair(numbers(row, "ImagerPixelSpacing"));
  const projection = PROJECTIONS.has(text(row, "Modality")) || imager !== null;
  if (!projection) return given && { ...given, source: "patient" };
  if (given && (text(row, "CalibrationType") || (imager && !close(given, imager)))) return { ...given, source: "calibrated" };
  const found = given ?? imager;
  return found && { ...found, source: "detector" };
}

const close = (one: { across: number }, other: { across: number }) => Math.abs(one.across - other.across) < 1e-6;

/** DICOM names the distance between rows first. */
function pair([down, across]: number[]): { across: number; down: number } | null {
  return down !== undefined && across !== undefined && down > 0 && across > 0 ? { across, down } : null;
}

const CENTIMETRES = 3;
const TISSUE = 1; // region spatial format 2D

/** The spacing at all of these points: of the whole picture, or of the one ultrasound region that holds them all. */
export function spacingAt(row: Row, frame: number, points: Point[]): Spacing | null {
  return spacingOf(row, frame) ?? regionSpacing(row, points);
}

function regionSpacing(row: Row, points: Point[]): Spacing | null {
  for (const region of items(row, "UltrasoundRegions")) {
    const [left, top, right, bottom] = [
      number(region, "RegionX0"), number(region, "RegionY0"), number(region, "RegionX1"), number(region, "RegionY1"),
    ];
    if (left === undefined || top === undefined || right === undefined || bottom === undefined) continue;
    const inside = points.every(({ x, y }) => x >= left && x <= right + 1 && y >= top && y <= bottom + 1);
    const metric = number(region, "RegionUnitsX") === CENTIMETRES && number(region, "RegionUnitsY") === CENTIMETRES;
    if (!inside || !metric || number(region, "RegionFormat") !== TISSUE) continue;
    const [across, down] = [Math.abs(number(region, "RegionDeltaX") ?? 0) * 10, Math.abs(number(region, "RegionDeltaY") ?? 0) * 10];
    if (across > 0 && down > 0) return { across, down, source: "patient" };
  }
  return null;
}

/** Height of a pixel by its width. */
export function aspectOf(row: Row, frame: number): number {
  const spacing = spacingOf(row, frame);
  const [high, wide] = numbers(row, "PixelAspectRatio");
  const aspect = spacing ? spacing.down / spacing.across : high && wide ? high / wide : 1;
  const wrong = aspect > LONGEST_PIXEL || aspect < 1 / LONGEST_PIXEL || Math.abs(aspect - 1) < 0.01;
  return wrong ? 1 : aspect;
}

export function planeOf(row: Row, frame: number): Plane | null {
  const place = numbers(group(row, frame, "FramePosition") ?? row, "ImagePosition");
  const way = numbers(group(row, frame, "FrameOrientation") ?? row, "ImageOrientation");
  const frameOfReference = text(row, "FrameOfReference");
  if (place.length !== 3 || way.length !== 6) return null;
  const [along, down] = [way.slice(0, 3) as Vector, way.slice(3) as Vector];
  return { frameOfReference, origin: place as Vector, along, down, normal: cross(along, down) };
}

/** How far along its own normal a plane lies, mm. */
export const depth = (plane: Plane): number => dot(plane.origin, plane.normal);

const PARALLEL = 0.95; // cosine up to which two stacks count as lying the same way

export const parallel = (one: Plane, other: Plane): boolean =>
  one.frameOfReference === other.frameOfReference && Math.abs(dot(one.normal, other.normal)) > PARALLEL;

/** Two stacks that lie the same way, each in its own space: of two exams, perhaps. */
export const sameWay = (one: Plane, other: Plane): boolean => dot(one.normal, other.normal) > PARALLEL;

/** Distance of a plane from another's origin, mm. */
export const apart = (one: Plane, other: Plane): number => Math.abs(dot(minus(other.origin, one.origin), one.normal));

export interface Pose {
  plane: Plane;
  spacing: Spacing;
  columns: number;
  rows: number;
}

/** The line in which the rectangle of `active` cuts `shown`, in picture coordinates of `shown`; null where it does not. */
export function crossing(active: Pose, shown: Pose): [Point, Point] | null {
  if (active.plane.frameOfReference !== shown.plane.frameOfReference || !active.plane.frameOfReference) return null;
  if (Math.abs(dot(active.plane.normal, shown.plane.normal)) > PARALLEL) return null;
  const corners = cornersOf(active);
  const heights = corners.map((corner) => dot(minus(corner, shown.plane.origin), shown.plane.normal));
  const found: Point[] = [];
  for (let at = 0; at < 4; at += 1) {
    const next = (at + 1) % 4;
    const [one, other] = [heights[at] as number, heights[next] as number];
    if (one * other > 0 || one === other) continue;
    found.push(flat(between(corners[at] as Vector, corners[next] as Vector, one / (one - other)), shown));
  }
  return found.length >= 2 ? [found[0] as Point, found[1] as Point] : null;
}

function cornersOf({ plane, spacing, columns, rows }: Pose): Vector[] {
  const at = (x: number, y: number) =>
    plus(plane.origin, plus(times(plane.along, (x - 0.5) * spacing.across), times(plane.down, (y - 0.5) * spacing.down)));
  return [at(0, 0), at(columns, 0), at(columns, rows), at(0, rows)];
}

function flat(place: Vector, { plane, spacing }: Pose): Point {
  const from = minus(place, plane.origin);
  return { x: dot(from, plane.along) / spacing.across + 0.5, y: dot(from, plane.down) / spacing.down + 0.5 };
}

/** Letters of the patient's sides in a direction of the picture: L for (1, 0, 0). */
export function sideOf([x, y, z]: Vector): string {
  const sides: [number, string][] = [[x, x > 0 ? "L" : "R"], [y, y > 0 ? "P" : "A"], [z, z > 0 ? "H" : "F"]];
  return sides
    .filter(([size]) => Math.abs(size) > 0.4)
    .sort(([one], [other]) => Math.abs(other) - Math.abs(one))
    .slice(0, 2)
    .map(([, letter]) => letter)
    .join("");
}

export const dot = (one: Vector, other: Vector) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
export const minus = (one: Vector, other: Vector): Vector => [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
export const plus = (one: Vector, other: Vector): Vector => [one[0] + other[0], one[1] + other[1], one[2] + other[2]];
export const times = (one: Vector, by: number): Vector => [one[0] * by, one[1] * by, one[2] * by];
const between = (one: Vector, other: Vector, share: number): Vector => plus(one, times(minus(other, one), share));
const cross = (one: Vector, other: Vector): Vector => [
  one[1] * other[2] - one[2] * other[1],
  one[2] * other[0] - one[0] * other[2],
  one[0] * other[1] - one[1] * other[0],
];

/** Sequence items of an image's ultrasound regions exist: measured by region. */
export const hasRegions = (row: Row): boolean => item(row, "UltrasoundRegions") !== undefined;
