// All of a series, small, in one answer: whoever goes through a long stack on a slow line always sees something.

import { Kept } from "./kept";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { Failure, get, path } from "./server";
import { parts } from "./multipart";
import { tidy, type Window } from "./tone";

const SIDE = 128;
const QUALITY = 60; // 3 kB for a slice of a CT
const MOST = 2000;
const MAX_BYTES = 16 * 1024 * 1024;
const LONGEST_MS = 20_000; // so long the neighbours wait for it
const FRAME = /instances\/([0-9.]+)\/frames\/(\d+)\//;

export class Overviews {
  private small = new Kept<Blob>(MAX_BYTES);
  private asked = new Map<string, Promise<void>>();

  /** `came` is told the key of each picture that is here from now on. */
  constructor(private readonly came: (key: string) => void) {}

  /** The small picture, when it is here. */
  get(picture: Picture, window: Window | null): Blob | undefined {
    return this.small.get(`${picture.key}${inWindow(window)}`);
  }

  /** All of what hangs in a pane, asked for once; resolves when it is here, cannot be had, or takes too long. */
  of({ series, pictures, sentWindow: window }: Pane): Promise<void> {
    if (!series || pictures.length > MOST) return Promise.resolve();
    const shade = pictures.some(({ grey }) => grey) ? inWindow(window) : "";
    const url = `${path(series.study, series.uid)}/rendered?viewport=${SIDE},${SIDE}&quality=${QUALITY}${shade}`;
    const known = this.asked.get(url);
    if (known) return known;
    const coming = this.load(url, shade).catch((error: unknown) => {
      if (error instanceof Failure && error.kind !== "offline") return; // an extra: without it every picture is asked for by itself
      this.asked.delete(url);
    });
    const patience = new Promise<void>((over) => setTimeout(over, LONGEST_MS));
    const awaited = Promise.race([coming, patience]);
    this.asked.set(url, awaited);
    return awaited;
  }

  private async load(url: string, shade: string): Promise<void> {
    const answer = await get(url, 'multipart/related; type="image/jpeg"', undefined, "low");
    for await (const { location, bytes } of parts(answer)) {
      const [, instance, frame] = FRAME.exec(location) ?? [];
      if (!instance) continue;
      this.small.put(`${instance}/${frame}${shade}`, new Blob([bytes as BlobPart], { type: "image/jpeg" }), bytes.length);
      this.came(`${instance}/${frame}`);
    }
  }
}

const inWindow = (window: Window | null): string =>
  window ? `&window=${tidy(window.center, window.width)},${tidy(window.width, window.width)}` : "";
