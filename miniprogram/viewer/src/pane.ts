// One place on the screen where a series hangs: which picture of it, under which window, in which posture.

import { showing, UPRIGHT, type Posture } from "./affine";
import { Bringing, type Sources } from "./bringing";
import type { Mark } from "./measure";
import { PaneParts } from "./paneparts";
import { renderedUrl, type Picture, type Series } from "./pictures";
import type { Presented } from "./presentation";
import type { Failure } from "./server";
import { hasOwnVoi, Sight, type Shown } from "./sight";
import { pictureBox, stageBox } from "./stagesize";
import { Surface } from "./surface";
import { tidy, type Edge, type Samples, type Window } from "./tone";

const SETTLE_MS = 200;

export interface Told {
  changed(pane: Pane): void; // anything that the page shows
  drawn(pane: Pane): void; // its picture lies on the stage as it does now
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

export class Pane extends PaneParts {
  readonly surface: Surface;
  readonly sight: Sight;
  private readonly bringing: Bringing;
  series: Series | null = null;
  pictures: Picture[] = [];
  index = 0;
  heading = 1;
  gone = false; // away from the picture at which the series was opened
  window: Window | null = null; // as chosen; null = as the picture asks
  inverted = false;
  edge: Edge = "none";
  playing = false;
  moving = false; // under a finger: only what shows at once is asked for
  private settling = 0;
  private last = 0;

  constructor(readonly number: number, sources: Sources, private readonly told: Told) {
    super();
    this.sight = new Sight(this, told);
    this.bringing = new Bringing(this, sources, told);
    this.surface = new Surface(this.canvas, () => this.sight.overlay(() => this.bringing.knownValues()), () => this.settle());
  }

  get picture(): Picture | null {
    return this.pictures[this.index] ?? null;
  }

  get shown(): Shown | null {
    return this.sight.shown;
  }

  /** The window in force; null for colour, or while only the server knows. */
  get effectiveWindow(): Window | null {
    const { picture } = this;
    if (!picture?.grey) return null;
    return this.sentWindow ?? (this.left?.voi || hasOwnVoi(picture) ? null : (picture.tone.windows[0] ?? this.sight.drawnWindow));
  }

  /** The window that the picture does not ask for itself: chosen here, or by whoever left it so. */
  get sentWindow(): Window | null {
    return this.window ?? this.left?.window ?? null;
  }

  /** How somebody left this picture. */
  get left(): Presented | null {
    return this.picture && this.told.presented(this.picture);
  }

  // -- what hangs here -------------------------------------------------------------------

  /** The very first look, while nothing but an address is known. */
  glance(study: string, series: string, instance: string, frame: number): Promise<void> {
    return this.bringing.glance(study, series, instance, frame);
  }

  /** Hang another series at one of its pictures. */
  open(series: Series, pictures: Picture[], index: number): void {
    this.pause();
    const same = this.series?.uid === series.uid;
    Object.assign(this, { series, pictures, index, gone: false });
    if (!same) {
      Object.assign(this, { window: null, inverted: series.modality === "PT", edge: "none" });
      this.sight.drawnWindow = null;
      this.surface.posture = this.firstPosture();
    }
    void this.ask();
  }

  clear(): void {
    this.pause();
    this.bringing.drop();
    Object.assign(this, { series: null, pictures: [], index: 0 });
    this.over.hidden = true;
    this.sight.clear();
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

  pause(): void {
    this.playing = false;
  }

  /** Show what should be seen now: at once when it is here, else the server's picture first. Resolves when all of it is shown. */
  ask(): Promise<void> {
    return this.bringing.ask();
  }

  /** A small picture came: perhaps of what is waited for. */
  smallCame(key: string): void {
    this.bringing.smallCame(key);
  }

  /** Pixels of what is seen, also when only the server's picture is shown: for values under a mark. */
  values(): Promise<Samples | null> {
    return this.bringing.values();
  }

  // -- how it is seen --------------------------------------------------------------------

  setWindow(window: Window | null, moving = false): void {
    this.window = window;
    this.moving = moving;
    if (this.shown?.full) this.sight.compose(moving);
    else if (!moving) void this.ask();
    else this.askSoon();
    this.told.changed(this);
  }

  setLook(change: { inverted?: boolean; edge?: Edge }): void {
    Object.assign(this, change);
    this.sight.compose();
    this.told.changed(this);
  }

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
      if (this.shown.full) this.sight.compose();
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
}
