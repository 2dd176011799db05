// What a study holds, as the viewer sees it: series of pictures, and documents.

import { items, number, numbers, text, values, type Row } from "./dicomjson";
import { path, rows } from "./server";
import { aspectOf, depth, planeOf, spacingOf, type Plane, type Spacing } from "./space";
import { toneOf, type Samples, type Tone } from "./tone";

export type Show = "picture" | "pdf" | "report" | "ecg" | "nothing";

/** One picture (a frame of an instance), or one document. */
export interface Picture {
  key: string; // instance and frame
  study: string;
  series: string;
  instance: string;
  frame: number; // 1-based
  frames: number;
  show: Show;
  row: Row;
  columns: number;
  rows: number;
  grey: boolean;
  aspect: number;
  tone: Tone;
  plane: Plane | null;
  spacing: Spacing | null;
  made?: Made; // only of a plane that was cut here from others: no server has it
}

/** How a picture that was made here comes about. */
export interface Made {
  cut(signal?: AbortSignal): Promise<Samples>;
  thickness(): number; // mm
  words(): string; // for its corner
}

export interface Series {
  study: string;
  uid: string;
  modality: string;
  row: Row; // as the search told
  count: number;
  pictures: Picture[] | null; // null until asked for
}

const PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1";
const REPORTS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\./; // PS3.4 B.5: structured reports and key object selections
const WAVEFORMS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.9\./;
export const KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59";

/** The series of a study, those with pictures first, as their numbers say. */
export async function seriesOf(study: string, signal?: AbortSignal): Promise<Series[]> {
  const found = await rows(`${path(study)}/series?includefield=00081030&includefield=00080020&includefield=00100010&limit=500`, signal);
  return found
    .map((row) => ({
      study,
      uid: text(row, "SeriesInstanceUID"),
      modality: text(row, "Modality"),
      row,
      count: number(row, "SeriesInstances") ?? 0,
      pictures: null,
    }))
    .sort((one, other) => Number(isPlain(one)) - Number(isPlain(other)) || seriesNumber(one) - seriesNumber(other));
}

const PLAIN = new Set(["SR", "PR", "KO", "DOC", "REG", "AU", "PLAN", "RTPLAN", "RTSTRUCT"]);
/** Without pictures, as far as its modality says. */
export const isPlain = ({ modality }: Series): boolean => PLAIN.has(modality);
const seriesNumber = ({ row }: Series) => number(row, "SeriesNumber") ?? Number.MAX_SAFE_INTEGER;

/** All pictures of a series, in the order in which they are looked through. */
export async function load(series: Series, signal?: AbortSignal): Promise<Picture[]> {
  if (series.pictures) return series.pictures;
  const found = await rows(`${path(series.study, series.uid)}/metadata`, signal);
  series.pictures = ordered(found).flatMap((row) => picturesOf(series.study, series.uid, row));
  return series.pictures;
}

/** By instance number; where those say nothing, by place in the patient. */
function ordered(found: Row[]): Row[] {
  const numbered = new Set(found.map((row) => number(row, "InstanceNumber"))).size === found.length;
  const place = (row: Row) => {
    const plane = planeOf(row, 1);
    return (numbered ? number(row, "InstanceNumber") : undefined) ?? (plane ? depth(plane) : (number(row, "InstanceNumber") ?? 0));
  };
  return found.map((row) => ({ row, place: place(row) })).sort((one, other) => one.place - other.place).map(({ row }) => row);
}

export function picturesOf(study: string, series: string, row: Row): Picture[] {
  const show = showOf(row);
  const frames = Math.max(1, number(row, "NumberOfFrames") ?? 1);
  return Array.from({ length: show === "picture" ? frames : 1 }, (_, place) => picture(study, series, row, show, place + 1, frames));
}

function picture(study: string, series: string, row: Row, show: Show, frame: number, frames: number): Picture {
  const instance = text(row, "SOPInstanceUID");
  return {
    key: `${instance}/${frame}`, study, series, instance, frame, frames, show, row,
    columns: number(row, "Columns") ?? 1,
    rows: number(row, "Rows") ?? 1,
    grey: /^MONOCHROME/.test(text(row, "Photometric")) && number(row, "BitsAllocated") !== 1,
    aspect: aspectOf(row, frame),
    tone: toneOf(row, frame),
    plane: planeOf(row, frame),
    spacing: spacingOf(row, frame),
  };
}

function showOf(row: Row): Show {
  const kind = text(row, "SOPClassUID");
  if ((number(row, "Rows") ?? 0) > 0 && text(row, "Photometric")) return "picture";
  if (kind === PDF_CLASS) return "pdf";
  if (REPORTS.test(kind) && (items(row, "ContentSequence").length > 0 || kind === KEY_OBJECTS)) return "report";
  if (WAVEFORMS.test(kind) && items(row, "Waveforms").length > 0) return "ecg";
  return "nothing";
}

/** Address of the server's own drawing of it, fitted into a box of device pixels. */
export function renderedUrl(picture: Picture, width: number, height: number, window: { center: number; width: number } | null): string {
  const parameters = [`viewport=${Math.round(width)},${Math.round(height)}`];
  if (window && picture.grey) parameters.push(`window=${window.center},${window.width}`);
  return `${framePath(picture)}/rendered?${parameters.join("&")}`;
}

export const framePath = (picture: Picture, always = false): string =>
  path(picture.study, picture.series, picture.instance, always || picture.frames > 1 ? picture.frame : 0);

/** Keys of the pictures that key object selections of the study name (PS3.3 A.35.4). */
export async function keyPictures(all: Series[], signal?: AbortSignal): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const series of all.filter(({ modality }) => modality === "KO")) {
    for (const { row } of await load(series, signal)) references(row, keys);
  }
  return keys;
}

function references(row: Row, keys: Set<string>): void {
  for (const content of items(row, "ContentSequence")) {
    for (const named of items(content, "ReferencedSequence")) {
      const frames = numbers(named, "ReferencedFrame");
      for (const frame of frames.length ? frames : [0]) keys.add(`${text(named, "ReferencedSOP")}/${frame || "*"}`);
    }
    references(content, keys);
  }
}

export const isKey = (keys: Set<string>, { key, instance }: Picture): boolean => keys.has(key) || keys.has(`${instance}/*`);

const CINE_MS = 66;
const [SLOWEST_MS, FASTEST_MS] = [1000, 25];

/** How long each frame is shown when it moves, ms. */
export function frameMs({ row }: Picture): number {
  const rate = number(row, "DisplayRate") ?? number(row, "CineRate");
  const asked = number(row, "FrameTime") ?? (rate ? 1000 / rate : CINE_MS);
  return Math.min(SLOWEST_MS, Math.max(FASTEST_MS, asked));
}

export const bulk = (row: Row | undefined, tag: string): string => row?.[tag]?.BulkDataURI ?? "";
export const texts = (row: Row, name: Parameters<typeof values>[1]): string[] => values(row, name).map(String);
