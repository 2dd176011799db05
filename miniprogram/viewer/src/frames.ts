// Pixels at full fidelity: what the eye waits for first, then its neighbours; unpacked in workers, kept within a limit.

import { Kept } from "./kept";
import { ownTables } from "./luts";
import { framePath, type Picture } from "./pictures";
import type { Part } from "./multipart";
import { blob, Failure, part } from "./server";
import type { Samples } from "./tone";

/** Values as stored, or a colour picture as drawn. */
export type Pixels = { samples: Samples; columns: number; rows: number } | { bitmap: ImageBitmap; columns: number; rows: number };

const EXPLICIT_LE = "1.2.840.10008.1.2.1";
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const HTJ2K = new Set(["1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"]);
const related = (type: string, syntax: string, quality: number) => `multipart/related; type="${type}"; transfer-syntax=${syntax}; q=${quality}`;
const NATIVE = related("application/octet-stream", EXPLICIT_LE, 0.5);
const PACKED = [...[...HTJ2K].map((syntax) => related("image/jphc", syntax, 1)), related("image/jpeg", JPEG_BASELINE, 0.9), NATIVE].join(", ");

const AT_ONCE = 4; // of the six that browsers open to one server over HTTP/1.1: what is looked at needs no queue
const GIB = 2 ** 30;
// What the device says of its memory (GiB, at most 8); Safari and Firefox say nothing, and a phone is then taken for a small one.
const memory = (navigator as { deviceMemory?: number }).deviceMemory ?? (matchMedia("(pointer: fine)").matches ? 8 : 4);
export const PIXELS_MAX_BYTES = (memory / 24) * GIB;
const BYTES_MAX = (memory / 48) * GIB;

/** True where HTJ2K can be unpacked here. */
export const canUnpack = (): boolean => typeof WebAssembly === "object" && typeof Worker === "function";

interface Job {
  picture: Picture;
  stop: AbortController;
  answer: Promise<Pixels>;
}

export class Frames {
  private pixels = new Kept<Pixels>(PIXELS_MAX_BYTES, (gone) => "bitmap" in gone && gone.bitmap.close());
  private parts = new Kept<Part>(BYTES_MAX);
  private jobs = new Map<string, Job>();
  private likely: Picture[] = [];
  private looked = new Map<string, number>(); // at how many panes somebody waits for it
  private decoders = new Decoders();
  private form = canUnpack() ? PACKED : NATIVE;
  /** Bytes of frames that came over the network. */
  received = 0;

  /** What is here already. */
  get(picture: Picture): Pixels | undefined {
    return this.pixels.get(picture.key);
  }

  /** True when nothing of it need be fetched. */
  has(picture: Picture): boolean {
    return picture.made !== undefined || this.pixels.has(picture.key);
  }

  /** True when it is on its way already, or comes by no way at all. */
  isComing(picture: Picture): boolean {
    return picture.made !== undefined || this.jobs.has(picture.key);
  }

  /** Pixels as soon as can be; throws Failure. `signal` says that nobody waits any longer; they may come all the same. */
  async ask(picture: Picture, signal?: AbortSignal): Promise<Pixels> {
    const known = this.pixels.get(picture.key);
    if (known) return known;
    if (picture.made) return { samples: await picture.made.cut(signal), columns: picture.columns, rows: picture.rows };
    const leave = this.looking(picture.key);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await (this.jobs.get(picture.key) ?? this.begin(picture, "high")).answer;
    } finally {
      leave();
      this.ahead();
    }
  }

  /** Somebody looks at it, until the answer is called. */
  private looking(key: string): () => void {
    this.looked.set(key, (this.looked.get(key) ?? 0) + 1);
    let left = false;
    return () => {
      const others = (this.looked.get(key) ?? 0) - 1;
      if (left) return;
      left = true;
      if (others > 0) this.looked.set(key, others);
      else this.looked.delete(key);
    };
  }

  /** What will probably be asked for, the likeliest first. Replaces what was said before. */
  expect(pictures: Picture[]): void {
    this.likely = pictures.filter((each) => !this.has(each));
    const wanted = new Set(this.likely.map(({ key }) => key));
    for (const [key, job] of this.jobs) {
      if (wanted.has(key) || this.looked.has(key)) continue;
      this.jobs.delete(key); // at once: whoever asks for it from now on begins anew
      job.stop.abort();
    }
    this.ahead();
  }

  /** Somebody looks at what is not on its way: nothing that was fetched ahead may keep the line from it. */
  makeWay(): void {
    this.expect([]);
  }

  private ahead(): void {
    while (this.looked.size === 0 && this.jobs.size < AT_ONCE && this.likely.length) {
      const picture = this.likely.shift() as Picture;
      if (this.pixels.has(picture.key) || this.jobs.has(picture.key)) continue;
      this.begin(picture, "low")
        .answer.catch(() => {}) // asked for again when somebody looks at it
        .finally(() => this.ahead());
    }
  }

  private begin(picture: Picture, priority: RequestPriority): Job {
    const stop = new AbortController();
    const job: Job = { picture, stop, answer: this.make(picture, stop.signal, priority) };
    this.jobs.set(picture.key, job);
    const over = () => this.jobs.get(picture.key) === job && this.jobs.delete(picture.key);
    job.answer.then(over, over);
    return job;
  }

  private async make(picture: Picture, signal: AbortSignal, priority: RequestPriority): Promise<Pixels> {
    const made = picture.grey ? await this.grey(picture, signal, priority) : await this.colour(picture, signal, priority);
    this.pixels.put(picture.key, made, "samples" in made ? made.samples.byteLength : made.columns * made.rows * 4);
    performance.mark("cloudfilm-frame", { detail: picture.key });
    return made;
  }

  private async grey(picture: Picture, signal: AbortSignal, priority: RequestPriority): Promise<Pixels> {
    const found = this.parts.get(picture.key) ?? (await this.fetched(picture, signal, priority));
    if (picture.tone.hasTables) picture.tone.tables ??= await ownTables(picture);
    if (HTJ2K.has(found.syntax)) return this.unpacked(picture, found);
    if (found.type === "image/jpeg") return greyOf(await bitmapOf(new Blob([found.bytes as BlobPart], { type: "image/jpeg" })));
    return native(found.bytes, picture);
  }

  private async fetched(picture: Picture, signal: AbortSignal, priority: RequestPriority): Promise<Part> {
    const found = await this.inAForm(framePath(picture, true), signal, priority);
    this.received += found.bytes.length;
    this.parts.put(picture.key, found, found.bytes.length);
    return found;
  }

  /** Packed where that can be had; other servers refuse a list of forms, and are then asked for native pixels alone. */
  private async inAForm(url: string, signal: AbortSignal, priority: RequestPriority): Promise<Part> {
    try {
      return await part(url, this.form, signal, priority);
    } catch (error) {
      const refused = error instanceof Failure && (error.kind === "failed" || error.kind === "not-viewable");
      if (!refused || this.form === NATIVE) throw error;
      const found = await part(url, NATIVE, signal, priority);
      this.form = NATIVE;
      return found;
    }
  }

  private async unpacked(picture: Picture, { bytes }: Part): Promise<Pixels> {
    const { samples, bits, signed, components, columns, rows } = await this.decoders.decode(bytes);
    if (components !== 1 || columns !== picture.columns || rows !== picture.rows) throw new Failure("not-viewable");
    return { samples: typed(samples, bits <= 8 ? 1 : bits <= 16 ? 2 : 4, signed), columns, rows };
  }

  /** Colour as the server draws it, without loss; what it cannot draw is not viewable. */
  private async colour(picture: Picture, signal: AbortSignal, priority: RequestPriority): Promise<Pixels> {
    const drawn = await blob(`${framePath(picture)}/rendered`, "image/png", signal, priority);
    this.received += drawn.size;
    const bitmap = await bitmapOf(drawn);
    return { bitmap, columns: bitmap.width, rows: bitmap.height };
  }
}

const bitmapOf = (drawn: Blob) => createImageBitmap(drawn, { colorSpaceConversion: "none", premultiplyAlpha: "none" });

/** A grey JPEG of 8 bits as the values that it stores. */
function greyOf(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const samples = new Uint8Array(width * height);
  for (let at = 0; at < samples.length; at += 1) samples[at] = data[at * 4] as number;
  return { samples, columns: width, rows: height };
}

/** Native little endian pixels (PS3.5 section 8.1). */
function native(bytes: Uint8Array, { columns, rows, tone, row }: Picture): Pixels {
  const wide = tone.bitsAllocated;
  if (bytes.length < (columns * rows * wide) / 8) throw new Failure("not-viewable");
  if (row["7FE00008"]) return { samples: new Float32Array(copied(bytes, columns * rows * 4)), columns, rows };
  return { samples: extended(typed(bytes.subarray(0, (columns * rows * wide) / 8), wide / 8, tone.signed), tone.bitsStored, tone.signed), columns, rows };
}

function typed(bytes: Uint8Array, wide: number, signed: boolean): Samples {
  const buffer = copied(bytes, bytes.length);
  if (wide === 1) return signed ? new Int8Array(buffer) : new Uint8Array(buffer);
  if (wide === 2) return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
  if (wide === 4) return signed ? new Int32Array(buffer) : new Uint32Array(buffer);
  throw new Failure("not-viewable");
}

/** Aligned, as typed arrays need it. */
const copied = (bytes: Uint8Array, length: number): ArrayBuffer => bytes.slice(0, length).buffer as ArrayBuffer;

/** Bits above the highest stored one are not part of the value (PS3.5 section 8.1.1). */
function extended(samples: Samples, stored: number, signed: boolean): Samples {
  const wide = samples.BYTES_PER_ELEMENT * 8;
  if (stored >= wide || stored < 1 || wide > 16) return samples;
  const spare = 32 - stored;
  for (let at = 0; at < samples.length; at += 1) {
    const lifted = (samples[at] as number) << spare;
    samples[at] = signed ? lifted >> spare : lifted >>> spare;
  }
  return samples;
}

interface Unpacked {
  samples: Uint8Array;
  columns: number;
  rows: number;
  bits: number;
  components: number;
  signed: boolean;
}

const WORKERS_MAX = 4;

/** Workers that unpack, started when first needed, each fed in turn. */
class Decoders {
  private workers: { worker: Worker; busy: number }[] = [];
  private waiting = new Map<number, { done: (result: Unpacked) => void; failed: (error: Failure) => void }>();
  private count = 0;

  decode(bytes: Uint8Array): Promise<Unpacked> {
    const idle = this.idle();
    const id = (this.count += 1);
    idle.busy += 1;
    return new Promise<Unpacked>((done, failed) => {
      this.waiting.set(id, { done, failed });
      idle.worker.postMessage({ id, bytes });
    }).finally(() => (idle.busy -= 1));
  }

  private idle() {
    const free = this.workers.find(({ busy }) => busy === 0);
    if (free) return free;
    const most = Math.min(WORKERS_MAX, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
    if (this.workers.length < most) return this.hired();
    return this.workers.reduce((least, each) => (each.busy < least.busy ? each : least));
  }

  private hired() {
    const worker = new Worker(DECODER);
    worker.onmessage = ({ data }: MessageEvent<Unpacked & { id: number; error?: string }>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) waiting?.failed(new Failure("not-viewable"));
      else waiting?.done(data);
    };
    worker.onerror = () => {
      for (const { failed } of this.waiting.values()) failed(new Failure("not-viewable"));
      this.waiting.clear();
    };
    const hired = { worker, busy: 0 };
    this.workers.push(hired);
    return hired;
  }
}
