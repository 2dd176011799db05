// Windows (PS3.3 C.11.2): which one the file brings, the usual ones of CT, and what dragging does to one.

import { say } from "./words.js";
import { number, text, value, values } from "./values.js";

// Center and width in Hounsfield units, as radiologists set them.
const CT = [
  ["soft", 40, 400],
  ["lung", -600, 1500],
  ["bone", 400, 1800],
  ["brain", 40, 80],
  ["abdomen", 50, 350],
  ["vessel", 200, 700],
];
const WIDEST = 1e6;
const FULL_DRAG_PIXELS = 256; // so far a finger goes to double a window
const WHOLE_FROM = 20; // windows this wide move in whole numbers

/** What the file itself asks for at one frame (1-based): {center, width, name}s, the first is what the server shows. */
export function ownWindows(metadata, frame) {
  const shared = value(metadata, "SharedGroups");
  const own = values(metadata, "FrameGroups")[frame - 1];
  const holder = [own, shared].map((group) => value(group, "FrameVoi")).find(Boolean) ?? metadata;
  const widths = values(holder, "WindowWidth");
  const names = values(holder, "WindowNames");
  return values(holder, "WindowCenter")
    .map((center, place) => ({ center: Number(center), width: Number(widths[place]), name: names[place] ?? "" }))
    .filter((each) => Number.isFinite(each.center) && each.width > 0);
}

/** True when a window means something here: grey, not colour, palette or a list of shades. */
export function windowable(metadata) {
  return /^MONOCHROME/.test(text(metadata, "Photometric"));
}

/** Windows to choose from: those of the file, then for CT the usual ones. */
export function choices(metadata, frame) {
  const own = ownWindows(metadata, frame).map((each) => ({ ...each, name: each.name || say("preset.file") }));
  if (text(metadata, "Modality") !== "CT") return own;
  const usual = CT.map(([key, center, width]) => ({ center, width, name: say(`preset.${key}`) }));
  const known = new Set(own.map(same));
  return [...own, ...usual.filter((each) => !known.has(same(each)))];
}

const same = ({ center, width }) => `${center},${width}`;

/** Where dragging starts when the file brings no window: the values that can occur. */
export function wholeRange(metadata) {
  if (text(metadata, "Modality") === "CT") return { center: 40, width: 400 };
  const bits = number(metadata, "BitsStored") ?? 8;
  const low = number(metadata, "Smallest") ?? (number(metadata, "PixelRepresentation") ? -(2 ** (bits - 1)) : 0);
  const high = number(metadata, "Largest") ?? low + 2 ** bits - 1;
  const slope = number(metadata, "RescaleSlope") || 1;
  const intercept = number(metadata, "RescaleIntercept") ?? 0;
  return { center: ((low + high) / 2) * slope + intercept, width: Math.max(1, (high - low) * Math.abs(slope)) };
}

/** The window after a drag: right for less contrast, down for darker. */
export function dragged(start, dx, dy) {
  const unit = start.width / FULL_DRAG_PIXELS;
  const width = Math.min(WIDEST, Math.max(1, start.width + dx * unit));
  const center = Math.min(WIDEST, Math.max(-WIDEST, start.center + dy * unit));
  return { center: tidy(center, width), width: tidy(width, width) };
}

const tidy = (one, width) => (width >= WHOLE_FROM ? Math.round(one) : Math.round(one * 100) / 100);
