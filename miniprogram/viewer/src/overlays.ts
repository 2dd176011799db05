// Overlay planes of an image (groups 6000 to 601E, PS3.3 C.9.2): one bit a pixel, drawn over it in one colour.

import { Kept } from "./kept";
import type { Picture } from "./pictures";
import { get, path } from "./server";

const GROUPS = Array.from({ length: 16 }, (_, place) => (0x6000 + 2 * place).toString(16).toUpperCase());
const [ROWS, COLUMNS, ORIGIN, FRAMES, FIRST_FRAME, DATA] = ["0010", "0011", "0050", "0015", "0051", "3000"];
const COLOUR = [0x6f, 0xd3, 0xd6, 0xff];
const MOST_PIXELS = 64 * 1024 * 1024;

interface Plane {
  group: string;
  columns: number;
  rows: number;
  left: number; // of its first column, seen from the picture's
  top: number;
  skipped: number; // bits before those of this frame
}

/** True when something is to be drawn over it. Bits hidden in the pixels themselves (retired in 2004) are not looked for. */
export const hasOverlays = (picture: Picture): boolean => planes(picture).length > 0;

const kept = new Kept<HTMLCanvasElement>(32 * 1024 * 1024);

/** The canvas of a picture's planes, when it was drawn before. */
export const knownOverlay = (picture: Picture): HTMLCanvasElement | null => kept.get(picture.key) ?? null;

/** All planes of a picture on one canvas of its size; null when it has none. Throws Failure. */
export async function overlay(picture: Picture, signal: AbortSignal): Promise<HTMLCanvasElement | null> {
  const found = planes(picture);
  if (!found.length) return null;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.columns, height: picture.rows });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const image = context.createImageData(picture.columns, picture.rows);
  for (const plane of found) colour(image, plane, await bits(picture, plane, signal));
  context.putImageData(image, 0, 0);
  kept.put(picture.key, canvas, image.data.length);
  return canvas;
}

function planes({ row, frame }: Picture): Plane[] {
  return GROUPS.flatMap((group) => {
    const all = (element: string) => (row[group + element]?.Value ?? []).map(Number);
    const [rows = 0, columns = 0, first = 1, frames = 1] = [ROWS, COLUMNS, FIRST_FRAME, FRAMES].map((element) => all(element as string)[0]);
    const [down = 1, across = 1] = all(ORIGIN as string);
    const place = frames > 1 || first > 1 ? frame - first : 0;
    if (!row[group + DATA] || !(rows > 0) || !(columns > 0) || rows * columns > MOST_PIXELS || place < 0 || place >= frames) return [];
    return [{ group, columns, rows, left: across - 1, top: down - 1, skipped: place * rows * columns }];
  });
}

async function bits({ row, study, series, instance }: Picture, { group }: Plane, signal: AbortSignal): Promise<Uint8Array> {
  const tag = group + DATA;
  const inline = row[tag]?.InlineBinary;
  if (inline) return Uint8Array.from(atob(inline), (letter) => letter.charCodeAt(0));
  const answer = await get(`${path(study, series, instance)}/bulkdata/${tag}`, "application/octet-stream", signal);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The first pixel is the lowest bit of the first byte. What lies beside the picture is left out. */
function colour({ data, width, height }: ImageData, { columns, rows, left, top, skipped }: Plane, bytes: Uint8Array): void {
  for (let row = Math.max(0, -top); row < Math.min(rows, height - top); row += 1) {
    for (let column = Math.max(0, -left); column < Math.min(columns, width - left); column += 1) {
      const bit = skipped + row * columns + column;
      if ((((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) continue;
      data.set(COLOUR, ((row + top) * width + column + left) * 4);
    }
  }
}
