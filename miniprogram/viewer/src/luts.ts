// Lookup tables that an image brings instead of slope and window (PS3.3 C.11.1 and C.11.2), read as the server reads them.

import { items, number, TAG, text, type Row } from "./dicomjson";
import { get, path } from "./server";

export interface Lut {
  first: number; // the value that takes the first entry
  entries: Uint16Array;
  white: number; // the entry that is white
}

export interface OwnTables {
  modality: Lut | null;
  voi: Lut | null;
}

export interface Place {
  study: string;
  series: string;
  instance: string;
  row: Row;
}

const ANGIOGRAPHY = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.12\.[12]$/;
const [MODALITY, VOI, DESCRIPTOR, DATA] = ["00283000", "00283010", "00283002", "00283006"] as const;
const ENTRIES_WHEN_ZERO = 65_536; // the count has 16 bits

/** True when there is something to read. */
export const hasTables = (row: Row): boolean => items(row, "ModalityLut").length > 0 || items(row, "VoiLut").length > 0;

const known = new WeakMap<Row, Promise<OwnTables>>(); // one for all frames of an image

/** The first of each kind; null where there is none. Throws Failure. */
export function ownTables(place: Place): Promise<OwnTables> {
  const found = known.get(place.row) ?? read(place);
  known.set(place.row, found);
  found.catch(() => known.delete(place.row)); // asked for again with the picture
  return found;
}

async function read(place: Place): Promise<OwnTables> {
  const { row } = place;
  const signed = number(row, "PixelRepresentation") === 1;
  const modality = leadsAway(row) ? null : await lut(place, MODALITY, signed);
  const voi = await lut(place, VOI, modality === null && lowest(row, signed) < 0);
  return { modality, voi };
}

/** The entry of a value; those outside take the first or the last one. */
export const entry = ({ first, entries }: Lut, value: number): number =>
  entries[Math.min(entries.length - 1, Math.max(0, Math.round(value - first)))] as number;

/** In angiography of LOG or DISP the modality table leads back to X-ray intensity, not to a picture (PS3.3 C.8.7.1.1.2). */
const leadsAway = (row: Row): boolean => ANGIOGRAPHY.test(text(row, "SOPClassUID")) && ["LOG", "DISP"].includes(text(row, "Intensity"));

function lowest(row: Row, signed: boolean): number {
  const slope = number(row, "RescaleSlope") || 1;
  const half = 2 ** ((number(row, "BitsStored") ?? 16) - 1);
  const ends = signed ? [-half, half] : [0, 2 * half];
  return Math.min(...ends.map((end) => slope * end)) + (number(row, "RescaleIntercept") ?? 0);
}

const lut = (place: Place, sequence: string, negative: boolean): Promise<Lut | null> =>
  lutOf(place, (place.row[sequence]?.Value as Row[] | undefined)?.[0], `${sequence}/0/`, { descriptor: DESCRIPTOR, data: DATA }, negative);

/** The table that stands in an item of `place`, whose bulk data begin with `at`; null where there is none that could be used. */
async function lutOf(place: Place, item: Row | undefined, at: string, tags: { descriptor: string; data: string }, negative: boolean): Promise<Lut | null> {
  const [stated, given, bits] = (item?.[tags.descriptor]?.Value ?? []).map(Number);
  if (!item || stated === undefined || given === undefined || bits === undefined) return null;
  const count = stated & 0xffff || ENTRIES_WHEN_ZERO;
  const entries = await entriesOf(place, item, `${at}${tags.data}`, tags.data, count);
  return entries.length ? { first: negative || given < 0 ? signed16(given) : given, entries, white: whiteOf(entries, bits) } : null;
}

const signed16 = (one: number): number => (one << 16) >> 16;

/** The table of a presentation state's item (PS3.3 C.11.8), counted from 0. Throws Failure. */
export function stateTable(place: Place, item: Row, at: number): Promise<Lut | null> {
  return lutOf(place, items(item, "VoiLut")[0], `${TAG.SoftcopyVoi}/${at}/${VOI}/0/`, { descriptor: DESCRIPTOR, data: DATA }, false);
}

/** The same, its first value read as those of a picture are: signed where they can be below zero. */
export function meantFor(table: Lut, { row, tone }: { row: Row; tone: { tables: OwnTables | null } }): Lut {
  const negative = !tone.tables?.modality && lowest(row, number(row, "PixelRepresentation") === 1) < 0;
  return negative ? { ...table, first: signed16(table.first) } : table;
}

const PALETTE = [["00281101", "00281201"], ["00281102", "00281202"], ["00281103", "00281203"]] as const;
const SHADES = 256;

/** The colours of a state's palette (PS3.3 C.7.9), one for each shade of grey, as a canvas holds them; null without one that could be read. Throws Failure. */
export async function palette(place: Place): Promise<Uint32Array | null> {
  const tables = await Promise.all(PALETTE.map(([descriptor, data]) => lutOf(place, place.row, "", { descriptor, data }, false)));
  if (tables.some((table) => !table)) return null;
  return Uint32Array.from({ length: SHADES }, (_, shade) => {
    const [red, green, blue] = tables.map((table) => level(table as Lut, shade)) as [number, number, number];
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

function level({ entries, white }: Lut, shade: number): number {
  const found = entries[Math.round((shade * (entries.length - 1)) / (SHADES - 1))] as number;
  return white > 255 ? found >> 8 : found; // of 16 bits the upper 8 are seen
}

async function entriesOf({ study, series, instance }: Place, item: Row, bulk: string, tag: string, count: number): Promise<Uint16Array> {
  const data = item[tag];
  if (data?.Value) return Uint16Array.from(data.Value.slice(0, count), (each) => Number(each) & 0xffff);
  if (data?.InlineBinary) return words(Uint8Array.from(atob(data.InlineBinary), (letter) => letter.charCodeAt(0)), count);
  if (!data?.BulkDataURI) return new Uint16Array();
  const answer = await get(`${path(study, series, instance)}/bulkdata/${bulk}`, "application/octet-stream");
  return words(new Uint8Array(await answer.arrayBuffer()), count);
}

/** Little endian words; entries of 8 bits may be packed two in a word. */
function words(bytes: Uint8Array, count: number): Uint16Array {
  if (bytes.length >= count && bytes.length < 2 * count) return Uint16Array.from(bytes.subarray(0, count));
  return new Uint16Array(bytes.slice(0, bytes.length & ~1).buffer).slice(0, count);
}

/** The entry that is white: some devices claim 16 bits and write 8, others write more than they claim. */
function whiteOf(entries: Uint16Array, claimed: number): number {
  const most = entries.reduce((so, each) => Math.max(so, each), 0);
  const bits = claimed > 8 && most <= 255 ? 8 : Math.max(claimed, most.toString(2).length);
  return 2 ** bits - 1;
}
