// Whether the pictures of a series are the slices of one regular volume, from which other planes can be cut (PS3.3 C.7.6.2.1.1). All pure.

import type { Picture } from "./pictures";
import { depth, dot, minus, plus, times } from "./space";

export const FEWEST = 16; // below, a plane across them shows steps instead of a body
const SAME_WAY = 0.9999; // cosine between two slices that lie alike
const UNEVEN = 0.02; // of the distance between two slices
const ROUNDED_MM = 0.02; // positions are written with two digits
const SHEARED_PIXELS = 1; // that the last slice may lie beside the first

export interface Stack {
  slices: Picture[]; // along their normal
  gap: number; // mm from one to the next
}

/** Why no other planes can be cut; each has its words. */
export type Refusal = "few" | "values" | "place" | "mixed" | "irregular" | "tilted";

export function stackOf(pictures: Picture[]): Stack | Refusal {
  const [first] = pictures;
  if (!first || pictures.length < FEWEST) return "few";
  if (!pictures.every(hasPlainValues)) return "values";
  if (!pictures.every(({ plane, spacing }) => plane && spacing?.source !== "detector" && spacing)) return "place";
  if (!pictures.every((each) => isAlike(first, each))) return "mixed";
  const slices = [...pictures].sort((one, other) => height(first, one) - height(first, other));
  const gap = height(slices[0] as Picture, slices[slices.length - 1] as Picture) / (slices.length - 1);
  if (!slices.every((each, at) => Math.abs(height(slices[0] as Picture, each) - at * gap) < UNEVEN * gap + ROUNDED_MM) || gap < 2 * ROUNDED_MM) return "irregular";
  return isSheared(slices) ? "tilted" : { slices, gap };
}

/** Memory that its volume takes; halved within the slices, of each four values one is kept. */
export const bytesOf = ({ slices }: Stack, halved: boolean): number =>
  slices.reduce((sum, { columns, rows }) => sum + (columns * rows * 2) / (halved ? 4 : 1), 0);

/** Grey of at most 16 bits, without tables of its own: values that can be told between two slices. */
const hasPlainValues = ({ show, grey, tone, row }: Picture): boolean =>
  show === "picture" && grey && tone.bitsAllocated <= 16 && !tone.hasTables && !row["7FE00008"];

function isAlike(one: Picture, other: Picture): boolean {
  if (one.columns !== other.columns || one.rows !== other.rows || !one.plane || !other.plane || !one.spacing || !other.spacing) return false;
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-3 * a;
  const way = dot(one.plane.along, other.plane.along) > SAME_WAY && dot(one.plane.down, other.plane.down) > SAME_WAY;
  const size = near(one.spacing.across, other.spacing.across) && near(one.spacing.down, other.spacing.down);
  return way && size && one.plane.frameOfReference === other.plane.frameOfReference && one.tone.inverted === other.tone.inverted;
}

/** mm from one slice to another along the normal of the first. */
const height = (from: Picture, to: Picture): number =>
  from.plane && to.plane ? depth({ ...from.plane, origin: minus(to.plane.origin, from.plane.origin) }) : NaN;

/** The slices do not lie straight above each other: the gantry was tilted (PS3.3 C.8.2.1.1.2). */
function isSheared(slices: Picture[]): boolean {
  const [first, last] = [slices[0]?.plane, slices[slices.length - 1]?.plane];
  const spacing = slices[0]?.spacing;
  if (!first || !last || !spacing) return true;
  const way = minus(last.origin, first.origin);
  const aside = plus(way, times(first.normal, -dot(way, first.normal)));
  return Math.hypot(...aside) > SHEARED_PIXELS * Math.min(spacing.across, spacing.down);
}
