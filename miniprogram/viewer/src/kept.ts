// Keeps what was used last, up to a number of bytes.

export class Kept<T> {
  private entries = new Map<string, { thing: T; bytes: number }>();
  bytes = 0;

  constructor(private readonly most: number, private readonly release: (thing: T) => void = () => {}) {}

  get(name: string): T | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    this.entries.delete(name);
    this.entries.set(name, entry);
    return entry.thing;
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  put(name: string, thing: T, bytes: number): void {
    this.drop(name);
    this.entries.set(name, { thing, bytes });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.most || oldest === name) break;
      this.drop(oldest);
    }
  }

  drop(name: string): void {
    const entry = this.entries.get(name);
    if (!entry) return;
    this.entries.delete(name);
    this.bytes -= entry.bytes;
    this.release(entry.thing);
  }
}
