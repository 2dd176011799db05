// Pictures that the server draws: the first look at everything, and all there is when data are to be saved.

import { Kept } from "./kept";
import { blob } from "./server";

const BLOB_BYTES = 48 * 1024 * 1024;
const AHEAD_AT_ONCE = 4;

export class Previews {
  private blobs = new Kept<Blob>(BLOB_BYTES);
  private running = new Map<string, AbortController>();
  private likely: string[] = [];
  private asked = 0;

  has(url: string): boolean {
    return this.blobs.has(url);
  }

  async ask(url: string, signal: AbortSignal): Promise<ImageBitmap> {
    this.asked += 1;
    try {
      return await createImageBitmap(this.blobs.get(url) ?? (await this.load(url, signal, "high")));
    } finally {
      this.asked -= 1;
      this.ahead();
    }
  }

  /** What will probably be asked for, the likeliest first. Replaces what was said before. */
  expect(urls: string[]): void {
    this.likely = urls.filter((url) => !this.blobs.has(url));
    const wanted = new Set(this.likely);
    for (const [url, stop] of this.running) if (!wanted.has(url)) stop.abort();
    this.ahead();
  }

  private async load(url: string, signal: AbortSignal, priority: RequestPriority): Promise<Blob> {
    const found = await blob(url, "image/jpeg", signal, priority);
    this.blobs.put(url, found, found.size);
    return found;
  }

  private ahead(): void {
    while (this.asked === 0 && this.running.size < AHEAD_AT_ONCE && this.likely.length) {
      const url = this.likely.shift() as string;
      if (this.blobs.has(url) || this.running.has(url)) continue;
      const stop = new AbortController();
      this.running.set(url, stop);
      this.load(url, stop.signal, "low")
        .catch(() => {}) // asked for again when somebody looks at it
        .finally(() => {
          this.running.delete(url);
          this.ahead();
        });
    }
  }
}
