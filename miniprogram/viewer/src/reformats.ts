// A volume looked at in three planes at once (MPR): its slices come, planes are cut, and go together to where the cross stands.

import { UPRIGHT, type Point, type Posture } from "./affine";
import { Cross } from "./cross";
import { Cuts } from "./cuts";
import { number, plain } from "./dicomjson";
import { PIXELS_MAX_BYTES } from "./frames";
import type { Pane } from "./pane";
import type { Picture, Series } from "./pictures";
import { gridOf, Planes, VIEWS, type Grid, type Place, type Thickness, type View } from "./planes";
import { Failure, patiently } from "./server";
import { bytesOf, type Stack } from "./stack";
import { Strip, WIDE_PIXELS } from "./strip";
import { defaultWindow, type Edge, type Samples, type Tone, type Window } from "./tone";
import type { Viewer } from "./viewer";
import { whyFailed } from "./volumes";
import { word } from "./volumewords";
import { say } from "./words";

const AT_ONCE = 4; // slices that are on their way
const AGAIN_MS = 500; // while slices come, what is seen is cut anew no more often
const THIN: Thickness = { mm: 0, slab: "mean" };

/** How the stage was before. */
interface Before {
  grid: [number, number];
  hung: { series: Series | null; pictures: Picture[]; index: number; posture: Posture; window: Window | null; inverted: boolean; edge: Edge }[];
  active: number;
  synced: boolean;
}

export class Reformats {
  readonly views: Record<View, Planes>;
  place: Place;
  thickness = THIN;
  only: View | null = null; // the one that has all of the stage
  came = 0; // slices
  private readonly grid: Grid;
  private readonly pictures: Record<View, Picture[]>;
  private readonly series: Record<View, Series>;
  private readonly hung = new Map<Pane, View>();
  private readonly cuts = new Cuts();
  private readonly stop = new AbortController();
  private readonly strip: Strip;
  private readonly cross: Cross;
  private readonly before: Before;
  private window: Window | null; // of all of them
  private inverted: boolean;

  /** Opens it on the stage. When it cannot be, that is said. */
  static async over(viewer: Viewer, series: Series, stack: Stack): Promise<void> {
    const halved = bytesOf(stack, false) > PIXELS_MAX_BYTES;
    const { picture } = viewer.active;
    const at = Math.max(0, stack.slices.findIndex(({ key }) => key === picture?.key));
    const first = await valuesOf(viewer, stack.slices[at] as Picture);
    const made = new Reformats(viewer, series, stack, at, first, halved);
    try {
      await made.cuts.open({ counts: made.grid.counts, signed: isSigned(first), halved });
    } catch {
      made.cuts.close();
      made.strip.remove();
      return viewer.menus.remark(say("volume.memory"));
    }
    viewer.volumes.open = made;
    made.show(innerWidth < WIDE_PIXELS ? "axial" : null);
    void made.load(at);
  }

  private constructor(
    private readonly viewer: Viewer,
    series: Series,
    readonly stack: Stack,
    at: number,
    first: Samples,
    readonly halved: boolean,
  ) {
    const { hanging, browsing, active, panes } = viewer;
    this.before = {
      grid: hanging.grid, active: panes.indexOf(active), synced: browsing.synced,
      hung: panes.map(({ series, pictures, index, surface, window, inverted, edge }) => ({ series, pictures, index, posture: surface.posture, window, inverted, edge })),
    };
    this.grid = gridOf(stack, halved);
    const like = stack.slices[at] as Picture;
    const tone = commonTone(stack, like, first);
    const [columns, rows] = this.grid.counts;
    this.place = [Math.floor(columns / 2), Math.floor(rows / 2), at];
    const each = <T>(of: (view: View) => T) => Object.fromEntries(VIEWS.map((view) => [view, of(view)])) as Record<View, T>;
    this.views = each((view) => new Planes(view, this.grid));
    this.pictures = each((view) => this.views[view].pictures(like, tone, word(view), (index) => this.made(view, index)));
    this.series = each((view) => ({ ...series, pictures: this.pictures[view], row: { ...series.row, "0008103E": { vr: "LO", Value: [word(view)] } } }));
    this.cross = new Cross(this);
    this.strip = new Strip(viewer, this);
    this.window = active.sentWindow;
    this.inverted = active.inverted;
  }

  // -- on the stage ------------------------------------------------------------------------

  /** One plane alone, or all three. */
  show(only: View | null): void {
    const { viewer } = this;
    this.only = only;
    const shown = only ? [only] : VIEWS;
    viewer.browsing.synced = false;
    viewer.hanging.setGrid(shown.length, 1);
    viewer.page.panes.classList.toggle("three", only === null);
    this.hung.clear();
    viewer.panes.forEach((pane, at) => this.hang(pane, shown[at] as View));
    viewer.hanging.activate(viewer.panes[0] as Pane);
    this.strip.refresh();
  }

  private hang(pane: Pane, view: View): void {
    const { window, inverted } = this;
    pane.root.dataset.view = view;
    pane.surface.posture = UPRIGHT;
    pane.open(this.series[view], this.pictures[view], this.views[view].indexAt(this.place));
    Object.assign(pane, { window, inverted, edge: "none" });
    this.hung.set(pane, view); // last: from now on the others follow it
  }

  /** Give all back: the stage as it was, the memory, the worker. */
  close(): void {
    const { viewer, before } = this;
    this.stop.abort();
    this.cuts.close();
    this.strip.remove();
    viewer.page.panes.classList.remove("three");
    viewer.hanging.setGrid(...before.grid);
    viewer.browsing.synced = before.synced;
    viewer.panes.forEach((pane, at) => this.restore(pane, before.hung[at], at === before.active));
    viewer.hanging.activate(viewer.panes[before.active] as Pane);
  }

  /** As it hung; where the volume was opened, at the slice where the cross stood. */
  private restore(pane: Pane, hung: Before["hung"][number] | undefined, opened: boolean): void {
    delete pane.root.dataset.view;
    if (!hung?.series) return pane.clear();
    const here = this.stack.slices[this.place[2]]?.key;
    const index = opened ? hung.pictures.findIndex(({ key }) => key === here) : -1;
    pane.open(hung.series, hung.pictures, index >= 0 ? index : hung.index);
    pane.surface.posture = hung.posture;
    pane.window = opened ? this.window : hung.window;
    pane.setLook({ inverted: opened ? this.inverted : hung.inverted, edge: hung.edge });
  }

  /** Something was done in a pane: the others follow in place and look. */
  changed(pane: Pane): void {
    const view = this.hung.get(pane);
    if (!view || pane.pictures !== this.pictures[view]) return;
    const { next } = this.views[view];
    this.place[next.axis] = this.views[view].placeAt(pane.index);
    Object.assign(this, { window: pane.window, inverted: pane.inverted });
    for (const other of this.hung.keys()) {
      if (other === pane) continue;
      if (other.window !== pane.window) other.setWindow(pane.window, pane.moving);
      if (other.inverted !== pane.inverted) other.setLook({ inverted: pane.inverted });
    }
  }

  setThickness(thickness: Thickness): void {
    this.thickness = thickness;
    this.again();
    this.strip.refresh();
  }

  // -- the cross ----------------------------------------------------------------------------

  viewOf(pane: Pane): Planes | null {
    const view = this.hung.get(pane);
    return view ? this.views[view] : null;
  }

  drawCross(pane: Pane): void {
    this.cross.draw(pane);
  }

  takes(target: Element): boolean {
    return target.closest("[data-cross]") !== null;
  }

  begin(pane: Pane, at: Point, target: Element): void {
    this.cross.begin(pane, at, target);
  }

  drag(pane: Pane, at: Point): void {
    this.cross.drag(pane, at);
  }

  /** The cross stands there; every plane goes through it. */
  moveTo(place: Place): void {
    this.place = place;
    for (const [pane, view] of this.hung) {
      void pane.go(this.views[view].indexAt(place));
      this.cross.draw(pane);
    }
  }

  // -- slices and planes ----------------------------------------------------------------------

  private made(view: View, index: number) {
    const planes = this.views[view];
    return {
      cut: (signal?: AbortSignal) => this.cuts.cut(planes.cut(index, this.thickness), signal),
      thickness: () => this.thickOf(planes),
      words: () => this.words(planes),
    };
  }

  private thickOf(planes: Planes): number {
    return planes.thickness(this.thickness.mm, number(this.stack.slices[0]?.row, "SliceThickness"));
  }

  private words(planes: Planes): string {
    const { mm, slab } = this.thickness;
    return [word("made"), mm ? `${word(slab)} ${plain(this.thickOf(planes), 1)} mm` : "", this.halved ? word("halved") : ""].filter(Boolean).join(" · ");
  }

  /** All slices, the nearest first; what is seen is cut anew meanwhile. */
  private async load(at: number): Promise<void> {
    const { slices } = this.stack;
    const order = slices.map((_, place) => place).sort((one, other) => Math.abs(one - at) - Math.abs(other - at));
    let last = 0;
    const bring = async (): Promise<void> => {
      for (let place = order.shift(); place !== undefined; place = order.shift()) {
        const samples = await valuesOf(this.viewer, slices[place] as Picture, this.stop.signal);
        if (this.stop.signal.aborted) return;
        this.put(place, samples);
        if (performance.now() - last < AGAIN_MS) continue;
        last = performance.now();
        this.again();
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, bring));
    } catch (error) {
      if (this.stop.signal.aborted) return;
      this.viewer.volumes.leave();
      return this.viewer.menus.remark(whyFailed(error));
    }
    if (!this.stop.signal.aborted) this.again();
  }

  private put(place: number, samples: Samples): void {
    const { tone, columns } = this.stack.slices[place] as Picture;
    const common = this.pictures.axial[0]?.tone as Tone;
    this.cuts.put(place, samples, columns, tone.slope / common.slope, (tone.intercept - common.intercept) / common.slope);
    this.came += 1;
    this.strip.count();
  }

  private again(): void {
    for (const pane of this.hung.keys()) void pane.ask();
  }
}

async function valuesOf(viewer: Viewer, picture: Picture, signal?: AbortSignal): Promise<Samples> {
  const found = await patiently(() => viewer.frames.ask(picture, signal), (yes) => viewer.offline(yes), signal);
  if (!("samples" in found) || found.samples.BYTES_PER_ELEMENT > 2) throw new Failure("not-viewable");
  return found.samples;
}

const isSigned = (samples: Samples): boolean => samples instanceof Int16Array || samples instanceof Int8Array;

/** One rule from values to greys for all slices: that of the one looked at, in steps as coarse as the coarsest (PET has one each). */
function commonTone({ slices }: Stack, like: Picture, first: Samples): Tone {
  const coarsest = slices.reduce((most, { tone }) => (Math.abs(tone.slope) > Math.abs(most.slope) ? tone : most), like.tone);
  const same = slices.every(({ tone }) => tone.slope === like.tone.slope && tone.intercept === like.tone.intercept);
  const windows = like.tone.windows.length ? like.tone.windows : [defaultWindow(first, like.tone)];
  return { ...like.tone, slope: coarsest.slope, intercept: coarsest.intercept, padding: same ? like.tone.padding : null, windows };
}
