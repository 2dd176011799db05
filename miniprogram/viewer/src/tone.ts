// From stored values to 256 shades (PS3.3 C.11.1, C.11.2, C.7.5.1.1.2), by the same rules as the server's own pictures.

import { group, number, numbers, text, values, type Row } from "./dicomjson";
import { entry, hasTables, type Lut, type OwnTables } from "./luts";

export interface Window {
  center: number;
  width: number;
  shape?: "LINEAR" | "LINEAR_EXACT" | "SIGMOID";
  name?: string;
}

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

const WHITE = 255;
const STEP = 1e9; // slope of a window of width 1
const SOFT: Window = { center: 40, width: 400 };
const AIR_BELOW_HU = -500;
const MR_TAILS = 0.005;
const SAMPLED = 65_536; // values looked at for a window of our own: enough for its tails

/** What an image says about its values. */
export interface Tone {
  slope: number;
  intercept: number;
  unit: string; // HU, or what the rescale type says, or ""
  windows: Window[];
  inverted: boolean;
  padding: [number, number] | null;
  signed: boolean;
  bitsStored: number;
  bitsAllocated: number;
  modality: string;
  hasTables: boolean; // it brings lookup tables
  tables: OwnTables | null; // these, once they are read
}

export function toneOf(row: Row, frame: number): Tone {
  const rescale = group(row, frame, "FrameRescale") ?? row;
  const modality = text(row, "Modality");
  return {
    slope: number(rescale, "RescaleSlope") || 1,
    intercept: number(rescale, "RescaleIntercept") ?? 0,
    unit: unitOf(rescale, modality),
    windows: windowsOf(group(row, frame, "FrameVoi") ?? row),
    inverted: text(row, "Photometric") === "MONOCHROME1" || text(row, "PresentationShape") === "INVERSE",
    padding: paddingOf(row),
    signed: number(row, "PixelRepresentation") === 1,
    bitsStored: number(row, "BitsStored") ?? 16,
    bitsAllocated: number(row, "BitsAllocated") ?? 16,
    modality,
    hasTables: hasTables(row),
    tables: null,
  };
}

function unitOf(rescale: Row, modality: string): string {
  const type = text(rescale, "RescaleType");
  if (type) return type === "US" ? "" : type;
  return modality === "CT" && number(rescale, "RescaleIntercept") !== undefined ? "HU" : "";
}

function windowsOf(holder: Row): Window[] {
  const widths = numbers(holder, "WindowWidth");
  const names = values(holder, "WindowNames");
  const shape = (text(holder, "VoiFunction") || "LINEAR") as Window["shape"];
  return numbers(holder, "WindowCenter")
    .map((center, place) => ({ center, width: widths[place] ?? NaN, shape, name: String(names[place] ?? "") }))
    .filter((each) => Number.isFinite(each.center) && each.width > 0);
}

function paddingOf(row: Row): [number, number] | null {
  const first = number(row, "Padding");
  if (first === undefined) return null;
  const whole = 2 ** (number(row, "BitsAllocated") ?? 16);
  const signed = number(row, "PixelRepresentation") === 1;
  const [one, other] = [first, number(row, "PaddingLimit") ?? first].map((value) => {
    const held = ((value % whole) + whole) % whole; // devices write -2000 as US 63536 and the reverse
    return signed && held >= whole / 2 ? held - whole : held;
  }) as [number, number];
  return [Math.min(one, other), Math.max(one, other)];
}

const defaults = new WeakMap<Samples, Window>();

/** A window for an image that names none, from its own values. */
export function defaultWindow(samples: Samples, tone: Tone): Window {
  const found = defaults.get(samples) ?? computedWindow(samples, tone);
  defaults.set(samples, found);
  return found;
}

function computedWindow(samples: Samples, tone: Tone): Window {
  if (tone.bitsStored === 8 && !(samples instanceof Float32Array) && tone.modality !== "SEG") {
    const low = tone.signed ? -128 : 0;
    return spanning(low * tone.slope + tone.intercept, (low + WHITE) * tone.slope + tone.intercept);
  }
  const seen = sampled(samples, tone);
  if (!seen.length) return { center: 0, width: 1, shape: "LINEAR_EXACT" };
  const [low, high] = [seen[0] as number, seen[seen.length - 1] as number];
  if (tone.modality === "CT" && low < AIR_BELOW_HU) return SOFT;
  if (tone.modality === "MR") return spanning(quantile(seen, MR_TAILS), quantile(seen, 1 - MR_TAILS));
  return spanning(low, high);
}

const spanning = (one: number, other: number): Window => {
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  if (low === high) return { center: low + 0.5, width: 1, shape: "LINEAR_EXACT" };
  return { center: (low + high) / 2, width: high - low, shape: "LINEAR_EXACT" };
};

function sampled(samples: Samples, tone: Tone): Float64Array {
  const every = Math.max(1, Math.floor(samples.length / SAMPLED));
  const found: number[] = [];
  for (let at = 0; at < samples.length; at += every) {
    const value = samples[at] as number;
    if (Number.isFinite(value) && !padded(value, tone)) found.push(rescaled(value, tone));
  }
  return Float64Array.from(found).sort();
}

const quantile = (sorted: Float64Array, share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;

/** A stored value in the unit of the image: by its modality table, else by slope and intercept. */
export function rescaled(value: number, { slope, intercept, tables }: Tone): number {
  return tables?.modality ? entry(tables.modality, value) : value * slope + intercept;
}

const padded = (value: number, { padding }: Tone) => padding !== null && value >= padding[0] && value <= padding[1];

/** From values to shades: a window, or the image's own table. */
export type Voi = Window | Lut;

/** Shade (0 to 255, not yet rounded or held) of a rescaled value. */
function shadeOf(window: Voi): (value: number) => number {
  if ("entries" in window) return (value) => (entry(window, value) * WHITE) / window.white;
  const { center, width } = window;
  if (window.shape === "SIGMOID") return (value) => WHITE / (1 + Math.exp((-4 * (value - center)) / width));
  let gain = WHITE / (width - 1);
  let offset = WHITE / 2 - gain * (center - 0.5);
  if (window.shape === "LINEAR_EXACT" || width < 1) {
    gain = WHITE / width;
    offset = WHITE / 2 - gain * center;
  } else if (width === 1) {
    gain = STEP;
    offset = -STEP * (center - 0.5);
  }
  return (value) => gain * value + offset;
}

let lastTable = { key: "", voi: null as Lut | null, tables: null as OwnTables | null, table: new Uint32Array() as Uint32Array };

/** The shade of each value that a sample of 8 or 16 bits can have, indexed by its bits; as opaque grey, ready for a canvas. */
function shadeTable(bytes: 1 | 2, signed: boolean, tone: Tone, voi: Voi, inverted: boolean): Uint32Array {
  const { slope, intercept, padding, tables } = tone;
  const window = "entries" in voi ? [] : [voi.center, voi.width, voi.shape];
  const key = [bytes, signed, slope, intercept, padding, tone.inverted, ...window, inverted].join("/");
  const own = "entries" in voi ? voi : null;
  if (lastTable.key !== key || lastTable.voi !== own || lastTable.tables !== tables) {
    lastTable = { key, voi: own, tables, table: madeTable(bytes, signed, tone, voi, inverted) };
  }
  return lastTable.table;
}

function madeTable(bytes: 1 | 2, signed: boolean, tone: Tone, window: Voi, inverted: boolean): Uint32Array {
  const size = bytes === 1 ? 256 : 65_536;
  const table = new Uint32Array(size);
  const shade = shadeOf(window);
  for (let bits = 0; bits < size; bits += 1) {
    const value = signed && bits >= size / 2 ? bits - size : bits;
    table[bits] = grey(value, shade, tone, inverted);
  }
  return table;
}

function grey(value: number, shade: (value: number) => number, tone: Tone, inverted: boolean): number {
  if (padded(value, tone)) return 0xff000000; // padding is black whatever the polarity
  const held = Math.floor(Math.min(WHITE, Math.max(0, shade(rescaled(value, tone)))) + 0.5);
  const seen = tone.inverted !== inverted ? WHITE - held : held;
  return (0xff000000 | (seen << 16) | (seen << 8) | seen) >>> 0; // bytes in memory: R, G, B, A on little endian machines
}

/** Greys of a whole frame into a canvas's pixels. */
export function paint(samples: Samples, out: Uint32Array, tone: Tone, window: Voi, inverted: boolean): void {
  if (samples instanceof Float32Array || samples.BYTES_PER_ELEMENT > 2) {
    const shade = shadeOf(window);
    for (let at = 0; at < out.length; at += 1) {
      const value = samples[at] as number;
      out[at] = Number.isNaN(value) ? 0xff000000 : grey(value, shade, tone, inverted);
    }
    return;
  }
  const small = samples.BYTES_PER_ELEMENT === 1;
  const signed = samples instanceof Int8Array || samples instanceof Int16Array;
  const table = shadeTable(small ? 1 : 2, signed, tone, window, inverted);
  const bits = small
    ? new Uint8Array(samples.buffer, samples.byteOffset, samples.length)
    : new Uint16Array(samples.buffer, samples.byteOffset, samples.length);
  for (let at = 0; at < out.length; at += 1) out[at] = table[bits[at] as number] as number;
}

// -- sharpen and smooth ---------------------------------------------------------

export type Edge = "none" | "sharpen" | "smooth";
const SHARPER = 1; // how much of the difference to the smooth picture is added

/** Smooth (3 x 3, weights 1 2 1) or sharpen (unsharp mask of the same) RGBA pixels in place. */
export function edged(pixels: Uint8ClampedArray, width: number, height: number, edge: Edge): void {
  if (edge === "none") return;
  const before = pixels.slice();
  for (let y = 0; y < height; y += 1) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x += 1) {
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      for (let channel = 0; channel < 3; channel += 1) {
        const at = (row: number, column: number) => before[(row + column) * 4 + channel] as number;
        const row = y * width;
        const middle = at(row, x);
        const mean =
          (4 * middle + 2 * (at(row, left) + at(row, right) + at(above, x) + at(below, x)) +
            at(above, left) + at(above, right) + at(below, left) + at(below, right)) / 16;
        pixels[(row + x) * 4 + channel] = edge === "smooth" ? mean : middle + SHARPER * (middle - mean);
      }
    }
  }
}

// -- windows to choose from -------------------------------------------------------

// Center and width in Hounsfield units, as radiologists set them.
const CT: [string, number, number][] = [
  ["soft", 40, 400],
  ["lung", -600, 1500],
  ["bone", 400, 1800],
  ["brain", 40, 80],
  ["abdomen", 50, 350],
  ["liver", 60, 160],
  ["vessel", 200, 700],
];
// Shares of the width that the image asks for.
const SHARES: [string, number][] = [
  ["softer", 1.5],
  ["harder", 0.6],
];

/** Windows to choose from: those of the file, then the usual ones of its modality. `key` names a sentence, `name` is the file's own. */
export function presets(tone: Tone, own: Window): { key: string; window: Window }[] {
  const found = (tone.windows.length ? tone.windows : [own]).map((window) => ({ key: "file", window }));
  const more =
    tone.modality === "CT" && tone.unit === "HU"
      ? CT.map(([key, center, width]) => ({ key, window: { center, width } as Window }))
      : SHARES.map(([key, share]) => ({ key, window: { ...own, name: "", width: Math.max(1, own.width * share) } }));
  const known = new Set(found.map(({ window }) => same(window)));
  return [...found, ...more.filter(({ window }) => !known.has(same(window)))];
}

export const same = ({ center, width }: Window): string => `${center},${width}`;

const FULL_DRAG_PIXELS = 256; // so far a finger goes to double a window
const WHOLE_FROM = 20; // windows this wide move in whole numbers
const WIDEST = 1e6;

/** The window after a drag: right for less contrast, down for darker. */
export function dragged(start: Window, dx: number, dy: number): Window {
  const unit = start.width / FULL_DRAG_PIXELS;
  const width = Math.min(WIDEST, Math.max(start.width < 1 ? 1e-6 : 1, start.width + dx * unit));
  const center = Math.min(WIDEST, Math.max(-WIDEST, start.center + dy * unit));
  return { center, width, shape: start.shape };
}

/** As it is said and sent: whole numbers for wide windows. */
export const tidy = (one: number, width: number): number => (width >= WHOLE_FROM ? Math.round(one) : Math.round(one * 1000) / 1000);

/** Where dragging starts when no window is known yet: the values that can occur. */
export function wholeStart(tone: Tone): Window {
  if (tone.modality === "CT") return SOFT;
  const input = tone.tables?.voi;
  if (input) return spanning(input.first, input.first + input.entries.length - 1);
  const outputs = tone.tables?.modality?.entries;
  if (outputs) return spanning(outputs[0] as number, outputs[outputs.length - 1] as number);
  const low = tone.signed ? -(2 ** (tone.bitsStored - 1)) : 0;
  return spanning(low * tone.slope + tone.intercept, (low + 2 ** tone.bitsStored - 1) * tone.slope + tone.intercept);
}
