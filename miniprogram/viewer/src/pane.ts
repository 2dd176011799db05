// One place on the screen where a series hangs: which picture of it, under which window, in which posture.

import { showing, UPRIGHT, type Posture } from "./affine";
import type { Frames, Pixels } from "./frames";
import { drawMarks } from "./marks";
import type { Mark } from "./measure";
import { drawNotes } from "./notes";
import { knownOverlay, overlay } from "./overlays";
import type { Overviews } from "./overviews";
import { Painter } from "./painter";
import { PaneParts } from "./paneparts";
import { renderedUrl, type Picture, type Series } from "./pictures";
import { shuttersOf, type Presented } from "./presentation";
import type { Previews } from "./previews";
import { Failure, path, patiently } from "./server";
import { glanceBox, pictureBox, shownByGlance, stageBox } from "./stagesize";
import { Surface } from "./surface";
import { defaultWindow, tidy, type Edge, type Samples, type Window } from "./tone";

// In the browser's own timeline, for whoever measures: a picture was drawn; small, as the server draws it, at full fidelity.
const MARKS = { rough: "cloudfilm-small", picture: "cloudfilm-picture", full: "cloudfilm-full" };
const SETTLE_MS = 200;
const PASSING_MS = 80; // who has gone on before that looked for something else, and the small picture was enough

export interface Told {
  changed(pane: Pane): void; // anything that the page shows
  failed(pane: Pane, failure: Failure): void;
  waiting(pane: Pane, yes: boolean): void;
  offline(yes: boolean): void;
  document(pane: Pane, picture: Picture): void;
  light(): boolean;
  marksOf(picture: Picture): Mark[];
  chosenMark(): number | null;
  presented(picture: Picture): Presented | null;
  notesShown(): boolean;
}

interface Shown {
  picture: Picture;
  full: boolean;
  rough: boolean; // only the small one of all of the series
  window: Window | null; // that of the server's picture
  url: string;
}

/** The very first look, of one picture. */
interface Glance {
  key: string;
  url: string;
  coming: Promise<boolean>; // false when it could not be had
  stop: AbortController;
}

export class Pane extends PaneParts {
  readonly surface: Surface;
  series: Series | null = null;
  pictures: Picture[] = [];
  index = 0;
  heading = 1;
  gone = false; // away from the picture at which the series was opened
  window: Window | null = null; // as chosen; null = as the picture asks
  inverted = false;
  edge: Edge = "none";
  playing = false;
  shown: Shown | null = null;
  private pixels: Pixels | null = null;
  private drawnWindow: Window | null = null;
  private painter = new Painter();
  private preview: ImageBitmap | null = null;
  private glanced: Glance | null = null;
  private stop = new AbortController();
  private settling = 0;
  moving = false; // under a finger: only what shows at once is asked for

  constructor(
    readonly number: number,
    private readonly frames: Frames,
    private readonly previews: Previews,
    private readonly overviews: Overviews,
    private readonly told: Told,
  ) {
    super();
    this.surface = new Surface(this.canvas, () => this.overlay(), () => this.settle());
  }

  get picture(): Picture | null {
    return this.pictures[this.index] ?? null;
  }

  /** The window in force; null for colour, or while only the server knows. */
  get effectiveWindow(): Window | null {
    const { picture } = this;
    if (!picture?.grey) return null;
    return this.sentWindow ?? (hasOwnVoi(picture) ? null : (picture.tone.windows[0] ?? this.drawnWindow));
  }

  /** The window that the picture does not ask for itself: chosen here, or by whoever left it so. */
  get sentWindow(): Window | null {
    return this.window ?? this.left?.window ?? null;
  }

  /** How somebody left this picture. */
  get left(): Presented | null {
    return this.picture && this.told.presented(this.picture);
  }

  get samples(): Samples | null {
    return this.pixels && "samples" in this.pixels && this.shown?.full && this.shown.picture === this.picture ? this.pixels.samples : null;
  }

  // -- what hangs here -------------------------------------------------------------------

  /** The very first look: the server's picture of what the address names, while nothing else is known of it. */
  async glance(study: string, series: string, instance: string, frame: number): Promise<void> {
    const stop = new AbortController();
    const url = `${path(study, series, instance, frame)}/rendered?viewport=${glanceBox(stageBox(this.surface, false)).join(",")}`;
    const coming = this.previews.ask(url, stop.signal).catch(() => null); // what failed will be said when it is asked for again
    this.glanced = { key: `${instance}/${frame || 1}`, url, coming: coming.then((found) => found !== null), stop };
    const found = await coming;
    if (!found) return;
    if (!this.shown) {
      this.painter.drawn(found, this);
      this.surface.show(this.painter.canvas, found.width, found.height, 1);
      performance.mark(MARKS.picture);
    }
    found.close();
  }

  /** Hang another series at one of its pictures. */
  open(series: Series, pictures: Picture[], index: number): void {
    this.pause();
    const same = this.series?.uid === series.uid;
    Object.assign(this, { series, pictures, index, gone: false });
    if (!same) Object.assign(this, { window: null, inverted: series.modality === "PT", edge: "none", drawnWindow: null });
    if (!same) this.surface.posture = this.firstPosture();
    void this.ask();
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
    this.gone = true;
    return this.ask();
  }

  // -- bringing it -----------------------------------------------------------------------

  /** Show what should be seen now: at once when it is here, else the server's picture first. Resolves when all of it is shown. */
  async ask(): Promise<void> {
    const { picture } = this;
    this.stop.abort();
    const stop = (this.stop = new AbortController());
    if (!picture) return this.told.changed(this);
    if (this.glanced?.key !== picture.key) this.glanced?.stop.abort();
    this.over.hidden = picture.show === "picture";
    this.drawnWindow = null;
    if (picture.show !== "picture") return this.document(picture);
    void this.bringOverlay(picture, stop.signal);
    const known = this.told.light() ? undefined : this.frames.get(picture);
    if (known) this.accept(picture, known);
    this.told.changed(this);
    if (known) return;
    this.told.waiting(this, true);
    try {
      await this.bring(picture, stop);
    } catch (error) {
      if (!stop.signal.aborted) this.told.failed(this, error instanceof Failure ? error : new Failure("failed"));
    } finally {
      if (!stop.signal.aborted) this.told.waiting(this, false);
    }
  }

  /** Small if that is here, then the server's picture, then all of it. */
  private async bring(picture: Picture, stop: AbortController): Promise<void> {
    const light = this.told.light();
    const coming = !light && this.frames.isComing(picture);
    if (await this.rough(picture, stop)) await passing(stop.signal);
    if (stop.signal.aborted) return;
    if (!coming && !this.playing) this.frames.makeWay();
    if (light || !(coming || this.playing)) await this.look(picture, stop); // else the server's picture would only be in its way
    if (!light) await this.whole(picture, stop);
  }

  /** The image's own overlay planes, which nobody waits for. */
  private async bringOverlay(picture: Picture, signal: AbortSignal): Promise<void> {
    this.surface.above = this.told.notesShown() ? knownOverlay(picture) : null;
    if (!this.told.notesShown() || this.surface.above) return;
    const planes = await overlay(picture, signal).catch(() => null); // without them the picture is still worth seeing
    if (signal.aborted) return;
    this.surface.above = planes;
    if (planes) this.surface.draw();
  }

  private document(picture: Picture): void {
    this.shown = { picture, full: true, rough: false, window: null, url: "" };
    this.pixels = null;
    this.surface.clear();
    this.told.waiting(this, false);
    this.told.document(this, picture);
    this.told.changed(this);
  }

  /** The small picture of all of its series, when that is here. */
  private async rough(picture: Picture, stop: AbortController): Promise<boolean> {
    const small = this.shows(picture) ? undefined : this.overviews.get(picture, this.sentWindow);
    const bitmap = small && (await createImageBitmap(small).catch(() => null));
    if (!bitmap) return false;
    if (stop.signal.aborted || this.shows(picture)) bitmap.close();
    else this.showPreview(picture, bitmap, { rough: true, url: "" });
    return true;
  }

  /** A small picture came: perhaps of what is waited for. */
  smallCame(key: string): void {
    if (this.picture?.key === key) void this.rough(this.picture, this.stop);
  }

  private shows(picture: Picture): boolean {
    return this.shown?.picture === picture;
  }

  /** The server's picture, as sharp as the stage can show. */
  private async look(picture: Picture, stop: AbortController): Promise<void> {
    const url = this.url(picture);
    const glance = this.glanced?.key === picture.key && !this.sentWindow && shownByGlance(picture) ? this.glanced : null;
    const first = glance && (await glance.coming) ? glance.url : url;
    if (stop.signal.aborted) return;
    const bitmap = await patiently(() => this.previews.ask(first, stop.signal), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || (this.shown?.full && this.shown.picture === picture)) return bitmap.close();
    this.showPreview(picture, bitmap, { rough: false, url });
  }

  private showPreview(picture: Picture, bitmap: ImageBitmap, { rough, url }: { rough: boolean; url: string }): void {
    this.preview?.close();
    this.preview = bitmap;
    this.pixels = null;
    this.shown = { picture, full: false, rough, window: this.sentWindow, url };
    this.compose();
    this.told.changed(this);
  }

  private async whole(picture: Picture, stop: AbortController): Promise<void> {
    const found = await patiently(() => this.frames.ask(picture, stop.signal), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || this.picture !== picture) return;
    this.accept(picture, found);
    this.told.changed(this);
  }

  private accept(picture: Picture, pixels: Pixels): void {
    this.pixels = pixels;
    this.shown = { picture, full: true, rough: false, window: null, url: "" };
    this.preview?.close();
    this.preview = null;
    if ("samples" in pixels && !picture.tone.windows.length && !hasOwnVoi(picture)) this.drawnWindow = defaultWindow(pixels.samples, picture.tone);
    this.compose();
    this.told.waiting(this, false);
  }

  /** Pixels of what is seen, also when only the server's picture is shown: for values under a mark. */
  async values(): Promise<Samples | null> {
    const { picture } = this;
    if (!picture?.grey) return null;
    const found = await this.frames.ask(picture).catch(() => null);
    return found && "samples" in found ? found.samples : null;
  }

  private knownValues(): Samples | null {
    const found = this.picture && this.frames.get(this.picture);
    return found && "samples" in found ? found.samples : null;
  }

  // -- drawing it ------------------------------------------------------------------------

  /** Put what is here on the surface, under the window in force. */
  compose(coarse = false): void {
    const { shown, painter } = this;
    if (!shown || !this.picture) return;
    const { columns, rows, aspect } = shown.picture;
    const { edge } = this;
    const inverted = this.left ? shown.picture.tone.inverted !== (this.left.inverted !== this.inverted) : this.inverted;
    if (shown.full && this.pixels) painter.pixels(this.pixels, shown.picture, { window: this.effectiveWindow, inverted, edge }, coarse);
    else if (this.preview) painter.drawn(this.preview, { inverted, edge });
    this.surface.show(painter.canvas, columns, rows, aspect);
    performance.mark(MARKS[shown.full ? "full" : shown.rough ? "rough" : "picture"], { detail: shown.picture.key });
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
    this.pause();
    Object.assign(this, { window: null, inverted: this.series?.modality === "PT", edge: "none" });
    this.surface.posture = this.firstPosture();
    void this.ask();
    this.told.changed(this);
  }

  /** Presentation states are known now, or not to be seen any longer. */
  present(): void {
    if (this.picture?.show !== "picture") return;
    this.surface.posture = this.firstPosture();
    void this.ask();
  }

  private firstPosture(): Posture {
    const { left, picture, surface } = this;
    if (!left || !picture) return UPRIGHT;
    const { columns, rows, aspect } = picture;
    return left.area ? showing(left.area, columns, rows, aspect, surface.width, surface.height, left.posture) : left.posture;
  }

  /** Address of the server's drawing of a picture, as large as the stage can show it now. */
  url(picture: Picture): string {
    const box = pictureBox(stageBox(this.surface, this.moving), picture, this.surface.posture.zoom, this.moving);
    const window = this.sentWindow;
    const sent = window && { center: tidy(window.center, window.width), width: tidy(window.width, window.width) };
    return renderedUrl(picture, ...box, sent);
  }

  private overlay(): void {
    const { picture } = this;
    const left = this.left;
    const shutters = left?.shutters.length ? left.shutters : picture?.show === "picture" && this.told.notesShown() ? shuttersOf(picture.row) : [];
    drawNotes(this.notes, left, shutters, this.surface.matrix);
    const marks = picture?.show === "picture" ? this.told.marksOf(picture) : [];
    drawMarks(this.layer, marks, this.surface.matrix, this.samples ?? this.knownValues(), this.told.chosenMark());
  }

  // -- playing it ------------------------------------------------------------------------

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
}

/** Shades come by the image's own table; before it is read, only the server knows. */
const hasOwnVoi = ({ tone }: Picture): boolean => (tone.tables ? tone.tables.voi !== null : tone.hasTables);

/** Resolves after a moment, at once when something else is looked at. */
function passing(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, PASSING_MS);
    signal.addEventListener("abort", () => done(), { once: true });
  });
}
