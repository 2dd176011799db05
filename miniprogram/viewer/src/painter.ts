// From what came over the network to a picture in screen colours, at the size it was stored or drawn.

import type { Pixels } from "./frames";
import type { Lut } from "./luts";
import type { Picture } from "./pictures";
import { defaultWindow, edged, paint, type Edge, type Samples, type Window } from "./tone";

const HEAVY_PIXELS = 3_000_000; // above, a moving window is first drawn coarse
const COARSE = 3;

export interface Look {
  window: Window | null; // null = by the table that is given, else as the values ask
  voi: Lut | null;
  colours: Uint32Array | null; // one for each shade of grey
  inverted: boolean;
  edge: Edge;
}

export class Painter {
  readonly canvas = document.createElement("canvas");

  /** Values under a window, or a colour picture. */
  pixels(pixels: Pixels, picture: Picture, look: Look, coarse: boolean): void {
    if ("bitmap" in pixels) return this.drawn(pixels.bitmap, look);
    const every = coarse && pixels.columns * pixels.rows > HEAVY_PIXELS ? COARSE : 1;
    const { samples, columns, rows } = every > 1 ? thinned(pixels, every) : pixels;
    const context = this.sized(columns, rows);
    const image = context.createImageData(columns, rows);
    const shades = new Uint32Array(image.data.buffer);
    const voi = look.window ?? look.voi ?? picture.tone.tables?.voi ?? defaultWindow(samples, picture.tone);
    paint(samples, shades, picture.tone, voi, look.inverted);
    if (every === 1) edged(image.data, columns, rows, look.edge);
    if (look.colours) for (let at = 0; at < shades.length; at += 1) shades[at] = look.colours[(shades[at] as number) & 255] as number;
    context.putImageData(image, 0, 0);
  }

  /** What the server drew. */
  drawn(bitmap: ImageBitmap, { inverted, edge }: Pick<Look, "inverted" | "edge">): void {
    const { width, height } = bitmap;
    const context = this.sized(width, height);
    context.drawImage(bitmap, 0, 0);
    if (!inverted && edge === "none") return;
    const image = context.getImageData(0, 0, width, height);
    if (inverted) for (let at = 0; at < image.data.length; at += 1) if (at % 4 !== 3) image.data[at] = 255 - (image.data[at] as number);
    edged(image.data, width, height, edge);
    context.putImageData(image, 0, 0);
  }

  private sized(width: number, height: number): CanvasRenderingContext2D {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    return this.canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  }
}

/** Every so-manieth value of every so-manieth row. */
function thinned({ samples, columns, rows }: { samples: Samples; columns: number; rows: number }, every: number) {
  const [wide, high] = [Math.floor(columns / every), Math.floor(rows / every)];
  const thin = new (samples.constructor as new (length: number) => Samples)(wide * high);
  for (let row = 0; row < high; row += 1) {
    for (let column = 0; column < wide; column += 1) thin[row * wide + column] = samples[row * every * columns + column * every] as number;
  }
  return { samples: thin, columns: wide, rows: high };
}
