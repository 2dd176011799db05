// One place on the screen where a series hangs: which picture of it, under which window, in which posture.

import { UPRIGHT, type Point } from "./affine";
import { drawn, element } from "./elements";
import type { Frames, Pixels } from "./frames";
import { drawMarks } from "./marks";
import type { Mark } from "./measure";
import { renderedUrl, type Picture, type Series } from "./pictures";
import type { Previews } from "./previews";
import { Failure, path, patiently } from "./server";
import { Surface } from "./surface";
import { defaultWindow, edged, paint, tidy, type Edge, type Samples, type Window } from "./tone";

// In the browser's own timeline, for whoever measures: a picture was drawn, one at full fidelity.
const MARKS = { picture: "cloudfilm-picture", full: "cloudfilm-full" };
const STEP = 16; // sizes asked of the server are whole steps, so that a moving address bar does not ask anew
const LONGEST_SIDE = 4096;
const DETAILS = [1, 1.5, 2, 3, 4, 6];
const SETTLE_MS = 200;
const HEAVY_PIXELS = 3_000_000; // above, a moving window is first drawn coarse

export interface Told {
  changed(pane: Pane): void; // anything that the page shows
  failed(pane: Pane, failure: Failure): void;
  waiting(pane: Pane, yes: boolean): void;
  offline(yes: boolean): void;
  document(pane: Pane, picture: Picture): void;
  light(): boolean;
  marksOf(picture: Picture): Mark[];
  chosenMark(): number | null;
}

interface Shown {
  picture: Picture;
  full: boolean;
  window: Window | null; // that of the server's picture
  url: string;
}

export class Pane {
  readonly root: HTMLElement;
  readonly stage: HTMLElement;
  readonly surface: Surface;
  readonly layer: SVGSVGElement;
  readonly lines: SVGSVGElement;
  readonly over: HTMLElement; // documents and notices
  readonly corners: Record<"nw" | "ne" | "sw" | "se" | "left" | "top", HTMLElement>;
  series: Series | null = null;
  pictures: Picture[] = [];
  index = 0;
  heading = 1;
  window: Window | null = null; // as chosen; null = as the picture asks
  inverted = false;
  edge: Edge = "none";
  playing = false;
  shown: Shown | null = null;
  pixels: Pixels | null = null;
  private drawnWindow: Window | null = null;
  private source = document.createElement("canvas");
  private preview: ImageBitmap | null = null;
  private stop = new AbortController();
  private settling = 0;
  private moving = false;

  constructor(readonly number: number, private readonly frames: Frames, private readonly previews: Previews, private readonly told: Told) {
    const canvas = element("canvas.picture", { "aria-hidden": "true" });
    this.layer = drawn("svg", { class: "marks" });
    this.lines = drawn("svg", { class: "lines", "aria-hidden": "true" });
    const corner = (name: string) => element(`div.corner.${name}` as "div", {});
    this.corners = { nw: corner("nw"), ne: corner("ne"), sw: corner("sw"), se: corner("se"), left: corner("side-left"), top: corner("side-top") };
    this.stage = element("div.stage", {}, canvas, this.lines, this.layer);
    this.over = element("div.over", { hidden: true, tabIndex: 0 });
    this.root = element("section.pane", { tabIndex: 0, role: "group" }, this.stage, ...Object.values(this.corners), this.over);
    this.surface = new Surface(canvas, () => this.overlay(), () => this.settle());
  }

  get picture(): Picture | null {
    return this.pictures[this.index] ?? null;
  }

  /** The window in force; null for colour, or while only the server knows. */
  get effectiveWindow(): Window | null {
    const { picture } = this;
    if (!picture?.grey) return null;
    return this.window ?? (picture.tone.ownTables ? null : (picture.tone.windows[0] ?? this.drawnWindow));
  }

  get samples(): Samples | null {
    return this.pixels && "samples" in this.pixels && this.shown?.full && this.shown.picture === this.picture ? this.pixels.samples : null;
  }

  /** The very first look: the server's picture of what the address names, while nothing else is known of it. */
  async glance(study: string, series: string, instance: string, frame: number): Promise<void> {
    const { signal } = this.stop;
    const url = `${path(study, series, instance, frame)}/rendered?viewport=${this.box().join(",")}`;
    const drawn = await this.previews.ask(url, signal).catch(() => null); // whatever it is, it will be said when it is asked for again
    if (!drawn || signal.aborted || this.shown) return;
    this.paintBitmap(drawn);
    this.surface.show(this.source, drawn.width, drawn.height, 1);
    performance.mark(MARKS.picture);
    drawn.close();
  }

  /** Hang another series at one of its pictures. */
  open(series: Series, pictures: Picture[], index: number): void {
    this.pause();
    const same = this.series?.uid === series.uid;
    Object.assign(this, { series, pictures, index });
    if (!same) Object.assign(this, { window: null, inverted: series.modality === "PT", edge: "none", drawnWindow: null });
    if (!same) this.surface.posture = UPRIGHT;
    this.ask();
  }

  clear(): void {
    this.pause();
    this.stop.abort();
    Object.assign(this, { series: null, pictures: [], index: 0, shown: null, pixels: null });
    this.over.hidden = true;
    this.surface.clear();
    this.told.changed(this);
  }

  go(index: number): Promise<void> {
    const next = Math.min(this.pictures.length - 1, Math.max(0, index));
    if (next === this.index || !this.pictures.length) return Promise.resolve();
    this.heading = next > this.index ? 1 : -1;
    this.index = next;
    return this.ask();
  }

  /** Show what should be seen now: at once when it is here, else the server's picture first. Resolves when all of it is shown. */
  async ask(): Promise<void> {
    const { picture } = this;
    this.stop.abort();
    const stop = (this.stop = new AbortController());
    if (!picture) return this.told.changed(this);
    this.over.hidden = picture.show === "picture";
    this.drawnWindow = null;
    if (picture.show !== "picture") {
      this.shown = { picture, full: true, window: null, url: "" };
      this.pixels = null;
      this.surface.clear();
      this.told.waiting(this, false);
      this.told.document(this, picture);
      return this.told.changed(this);
    }
    const light = this.light(picture);
    const known = light ? undefined : this.frames.get(picture);
    if (known) {
      this.accept(picture, known);
      return this.told.changed(this);
    }
    this.told.changed(this);
    this.told.waiting(this, true);
    try {
      const soon = !light && (this.playing || this.frames.isComing(picture)); // then the server's picture would only be in its way
      if (!soon) await this.look(picture, stop);
      if (!light) await this.whole(picture, stop);
    } catch (error) {
      if (!stop.signal.aborted) this.told.failed(this, error instanceof Failure ? error : new Failure("failed"));
    } finally {
      if (!stop.signal.aborted) this.told.waiting(this, false);
    }
  }

  /** Only the server's picture is shown: as chosen, or because the image brings lookup tables, which the server applies. */
  light(picture: Picture): boolean {
    return this.told.light() || picture.tone.ownTables;
  }

  /** The server's picture, as sharp as the stage can show. */
  private async look(picture: Picture, stop: AbortController): Promise<void> {
    const url = this.url(picture);
    const drawn = await patiently(() => this.previews.ask(url, stop.signal), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || (this.shown?.full && this.shown.picture === picture)) return drawn.close();
    this.preview?.close();
    this.preview = drawn;
    this.pixels = null;
    this.shown = { picture, full: false, window: this.window, url };
    this.compose();
    this.told.changed(this);
  }

  private async whole(picture: Picture, stop: AbortController): Promise<void> {
    const found = await patiently(() => this.frames.ask(picture), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || this.picture !== picture) return;
    this.accept(picture, found);
    this.told.changed(this);
  }

  private accept(picture: Picture, pixels: Pixels): void {
    this.pixels = pixels;
    this.shown = { picture, full: true, window: null, url: "" };
    this.preview?.close();
    this.preview = null;
    if ("samples" in pixels && !picture.tone.windows.length) this.drawnWindow = defaultWindow(pixels.samples, picture.tone);
    this.compose();
    this.told.waiting(this, false);
  }

  /** Pixels of what is seen, also when only the server's picture is shown: for values under a mark. */
  async values(): Promise<Samples | null> {
    const { picture } = this;
    if (!picture?.grey || picture.tone.ownTables) return null;
    const found = await this.frames.ask(picture).catch(() => null);
    return found && "samples" in found ? found.samples : null;
  }

  knownValues(): Samples | null {
    if (this.picture?.tone.ownTables) return null;
    const found = this.picture && this.frames.get(this.picture);
    return found && "samples" in found ? found.samples : null;
  }

  /** Put what is here on the surface, under the window in force. */
  compose(coarse = false): void {
    const { picture } = this;
    if (!this.shown || !picture) return;
    const { columns, rows, aspect } = this.shown.picture;
    if (this.shown.full && this.pixels) this.paintPixels(this.pixels, this.shown.picture, coarse);
    else if (this.preview) this.paintPreview(this.preview);
    this.surface.show(this.source, columns, rows, aspect);
    performance.mark(this.shown.full ? MARKS.full : MARKS.picture);
  }

  private paintPixels(pixels: Pixels, picture: Picture, coarse: boolean): void {
    if ("bitmap" in pixels) return this.paintBitmap(pixels.bitmap);
    const every = coarse && pixels.columns * pixels.rows > HEAVY_PIXELS ? 3 : 1;
    const { samples, columns, rows } = every > 1 ? thinned(pixels, every) : pixels;
    const context = this.sized(columns, rows);
    const image = context.createImageData(columns, rows);
    const window = this.effectiveWindow ?? defaultWindow(samples, picture.tone);
    paint(samples, new Uint32Array(image.data.buffer), picture.tone, window, this.inverted);
    if (every === 1) edged(image.data, columns, rows, this.edge);
    context.putImageData(image, 0, 0);
  }

  private paintPreview(bitmap: ImageBitmap): void {
    this.paintBitmap(bitmap);
  }

  private paintBitmap(bitmap: ImageBitmap): void {
    const context = this.sized(bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    if (!this.inverted && this.edge === "none") return;
    const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
    if (this.inverted) for (let at = 0; at < image.data.length; at += 1) if (at % 4 !== 3) image.data[at] = 255 - (image.data[at] as number);
    edged(image.data, bitmap.width, bitmap.height, this.edge);
    context.putImageData(image, 0, 0);
  }

  private sized(width: number, height: number): CanvasRenderingContext2D {
    if (this.source.width !== width || this.source.height !== height) Object.assign(this.source, { width, height });
    return this.source.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  }

  setWindow(window: Window | null, moving = false): void {
    this.window = window;
    this.moving = moving;
    if (this.shown?.full) this.compose(moving);
    else if (!moving) void this.ask();
    else this.askSoon();
    this.told.changed(this);
  }

  setLook(change: { inverted?: boolean; edge?: Edge }): void {
    Object.assign(this, change);
    this.compose();
    this.told.changed(this);
  }

  private last = 0;

  /** While a finger moves, the server is asked no more often than it can answer. */
  private askSoon(): void {
    if (performance.now() - this.last < SETTLE_MS) return;
    this.last = performance.now();
    void this.ask();
  }

  /** A drag has ended, or the stage has another size: fetch what it can show now. */
  settle(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.moving = false;
      if (!this.shown || !this.picture || this.picture.show !== "picture") return;
      if (this.shown.full) this.compose();
      else if (this.shown.url !== this.url(this.picture)) void this.ask();
    }, SETTLE_MS) as unknown as number;
  }

  reset(): void {
    Object.assign(this, { window: null, inverted: this.series?.modality === "PT", edge: "none" });
    this.surface.posture = UPRIGHT;
    void this.ask();
  }

  /** Place on the stage (CSS pixels) of a pointer event. */
  place(event: { clientX: number; clientY: number }): Point {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  pause(): void {
    this.playing = false;
  }

  async play(milliseconds: (picture: Picture) => number): Promise<void> {
    this.playing = true;
    const { pictures } = this;
    while (this.playing && pictures === this.pictures && this.picture) {
      const begun = performance.now();
      await this.go(this.index + 1 < pictures.length ? this.index + 1 : 0);
      const left = milliseconds(this.picture) - (performance.now() - begun);
      await new Promise((passed) => setTimeout(passed, Math.max(0, left)));
    }
  }

  url(picture: Picture): string {
    const [width, height] = this.box();
    const fit = Math.min(width / picture.columns, height / (picture.rows * picture.aspect));
    const most = Math.min(this.surface.posture.zoom, 1 / fit, LONGEST_SIDE / Math.max(width, height));
    const detail = this.moving ? 1 : (DETAILS.filter((each) => each <= most).pop() ?? 1);
    const { window } = this;
    const sent = window && { center: tidy(window.center, window.width), width: tidy(window.width, window.width) };
    return renderedUrl(picture, width * detail, height * detail, sent);
  }

  /** Device pixels to ask a picture for, in whole steps. */
  private box(): [number, number] {
    const density = this.moving ? 1 : this.surface.density;
    const step = (side: number) => Math.max(STEP, Math.ceil((side * density) / STEP) * STEP);
    return [step(this.surface.width), step(this.surface.height)];
  }

  private overlay(): void {
    const { picture } = this;
    const marks = picture?.show === "picture" ? this.told.marksOf(picture) : [];
    drawMarks(this.layer, marks, this.surface.matrix, this.samples ?? this.knownValues(), this.told.chosenMark());
  }

  /** What will probably be seen next: ahead more than behind, then, if asked, all the rest. */
  likely(all: boolean, ahead = AHEAD): Picture[] {
    const found: Picture[] = [];
    const { index, pictures, heading } = this;
    const most = all ? pictures.length : ahead;
    for (let far = 1; far <= most; far += 1) {
      const [next, before] = [this.wrapped(index + far * heading), this.wrapped(index - far * heading)];
      if (next) found.push(next);
      if (before && (all ? far % 2 === 0 || far > AHEAD : far <= BEHIND)) found.push(before);
    }
    if (all) found.push(...pictures);
    return [...new Set(found)].filter(({ show }) => show === "picture");
  }

  private wrapped(place: number): Picture | undefined {
    const { pictures } = this;
    return pictures[this.playing ? (place + pictures.length) % pictures.length : place];
  }
}

const AHEAD = 10;
const BEHIND = 4;

/** Every so-manieth value of every so-manieth row. */
function thinned({ samples, columns, rows }: { samples: Samples; columns: number; rows: number }, every: number) {
  const [wide, high] = [Math.floor(columns / every), Math.floor(rows / every)];
  const thin = new (samples.constructor as new (length: number) => Samples)(wide * high);
  for (let row = 0; row < high; row += 1) {
    for (let column = 0; column < wide; column += 1) thin[row * wide + column] = samples[row * every * columns + column * every] as number;
  }
  return { samples: thin, columns: wide, rows: high };
}
