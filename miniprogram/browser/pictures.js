// Loads pictures: what the eye waits for first, then its neighbours; keeps those that were seen.

import { picture } from "./dicomweb.js";

const ASKED_AT_ONCE = 2; // a third request would only wait for the first two
const AHEAD_AT_ONCE = 4; // browsers open six connections to one server
const BLOB_BYTES = 96 * 1024 * 1024;
const BITMAP_BYTES = 128 * 1024 * 1024;

/** Keeps what was used last, up to a number of bytes. */
class Kept {
  constructor(most, release = () => {}) {
    Object.assign(this, { most, release, bytes: 0, entries: new Map() });
  }

  get(name) {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    this.entries.delete(name);
    this.entries.set(name, entry);
    return entry.thing;
  }

  has(name) {
    return this.entries.has(name);
  }

  put(name, thing, bytes) {
    this.drop(name);
    this.entries.set(name, { thing, bytes });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.most || oldest === name) break;
      this.drop(oldest);
    }
  }

  drop(name) {
    const entry = this.entries.get(name);
    if (!entry) return;
    this.entries.delete(name);
    this.bytes -= entry.bytes;
    this.release(entry.thing);
  }

  clear() {
    for (const name of [...this.entries.keys()]) this.drop(name);
  }
}

/** Pictures of one series. `draw(bitmap, asked)` gets them in the order asked, never an older one after a newer. */
export class Pictures {
  #blobs = new Kept(BLOB_BYTES);
  #bitmaps = new Kept(BITMAP_BYTES, (bitmap) => bitmap.close());
  #numbers = 0;
  #drawn = 0;
  #asked = 0;
  #next = null;
  #likely = [];
  #running = new Map();
  #closed = new AbortController();

  constructor(draw, refuse) {
    Object.assign(this, { draw, refuse });
  }

  /** Show this as soon as it is here; of those that wait meanwhile only the last counts. Resolves once drawn or passed over. */
  ask(asked) {
    this.#next?.done();
    return new Promise((done) => {
      this.#next = { asked, number: ++this.#numbers, done };
      this.#begin();
    });
  }

  /** What will probably be asked for, the likeliest first. Replaces what was said before. */
  expect(urls) {
    this.#likely = urls.filter((url) => !this.#blobs.has(url));
    const wanted = new Set(this.#likely);
    for (const [url, stop] of this.#running) if (!wanted.has(url)) stop.abort();
    this.#ahead();
  }

  has(url) {
    return this.#blobs.has(url);
  }

  close() {
    this.#closed.abort();
    for (const stop of this.#running.values()) stop.abort();
    this.#bitmaps.clear();
    this.#blobs.clear();
  }

  async #begin() {
    while (this.#next && this.#asked < ASKED_AT_ONCE) {
      const { asked, number, done } = this.#next;
      this.#next = null;
      this.#asked += 1;
      this.#answer(asked, number)
        .catch((error) => this.#refused(error, asked, number))
        .finally(() => {
          this.#asked -= 1;
          done();
          this.#begin();
          this.#ahead();
        });
    }
  }

  async #answer(asked, number) {
    const bitmap = await this.#bitmap(asked.url);
    if (this.#closed.signal.aborted || number < this.#drawn) return;
    this.#drawn = number;
    this.draw(bitmap, asked);
  }

  async #bitmap(url) {
    const known = this.#bitmaps.get(url);
    if (known) return known;
    const blob = this.#blobs.get(url) ?? (await this.#load(url, this.#closed.signal));
    const bitmap = await createImageBitmap(blob);
    const meanwhile = this.#bitmaps.get(url); // asked for twice: the other one is perhaps on the stage already
    if (meanwhile) {
      bitmap.close();
      return meanwhile;
    }
    this.#bitmaps.put(url, bitmap, bitmap.width * bitmap.height * 4);
    return bitmap;
  }

  async #load(url, signal) {
    const blob = await picture(url, signal);
    this.#blobs.put(url, blob, blob.size);
    return blob;
  }

  #refused(error, asked, number) {
    if (error.name === "AbortError" || this.#closed.signal.aborted || number < this.#numbers) return;
    this.refuse(error, asked);
  }

  #ahead() {
    while (this.#asked === 0 && !this.#closed.signal.aborted && this.#running.size < AHEAD_AT_ONCE && this.#likely.length) {
      const url = this.#likely.shift();
      if (this.#blobs.has(url) || this.#running.has(url)) continue;
      const stop = new AbortController();
      this.#running.set(url, stop);
      this.#load(url, stop.signal)
        .catch(() => {}) // it will be asked for again when somebody waits for it
        .finally(() => {
          this.#running.delete(url);
          this.#ahead();
        });
    }
  }
}
