// Bringing what a pane should show: at once when it is here, else small, then as the server draws it, then all of it.

import type { Frames } from "./frames";
import { knownOverlay, overlay } from "./overlays";
import type { Overviews } from "./overviews";
import type { Pane, Told } from "./pane";
import type { Picture } from "./pictures";
import type { Previews } from "./previews";
import { Failure, path, patiently } from "./server";
import { glanceBox, shownByGlance, stageBox } from "./stagesize";
import type { Samples } from "./tone";

const PASSING_MS = 80; // who has gone on before that looked for something else, and the small picture was enough

/** The very first look, of one picture. */
interface Glance {
  key: string;
  url: string;
  coming: Promise<boolean>; // false when it could not be had
  stop: AbortController;
}

/** Where pixels come from; one for all panes. */
export interface Sources {
  frames: Frames;
  previews: Previews;
  overviews: Overviews;
}

export class Bringing {
  private glanced: Glance | null = null;
  private stop = new AbortController();

  constructor(private readonly pane: Pane, private readonly sources: Sources, private readonly told: Told) {}

  /** The very first look: the server's picture of what the address names, while nothing else is known of it. */
  async glance(study: string, series: string, instance: string, frame: number): Promise<void> {
    const { pane } = this;
    const stop = new AbortController();
    const url = `${path(study, series, instance, frame)}/rendered?viewport=${glanceBox(stageBox(pane.surface, false)).join(",")}`;
    const coming = this.sources.previews.ask(url, stop.signal).catch(() => null); // what failed will be said when it is asked for again
    this.glanced = { key: `${instance}/${frame || 1}`, url, coming: coming.then((found) => found !== null), stop };
    const found = await coming;
    if (!found) return;
    if (!pane.shown) pane.sight.glance(found);
    found.close();
  }

  /** Show what should be seen now. Resolves when all of it is shown. */
  async ask(): Promise<void> {
    const { pane, told } = this;
    const { picture, sight } = pane;
    this.stop.abort();
    const stop = (this.stop = new AbortController());
    if (!picture) return told.changed(pane);
    if (this.glanced?.key !== picture.key) this.glanced?.stop.abort();
    pane.over.hidden = picture.show === "picture";
    sight.drawnWindow = null;
    if (picture.show !== "picture") return this.document(picture);
    void this.overlay(picture, stop.signal);
    const known = told.light() ? undefined : this.sources.frames.get(picture);
    if (known) sight.accept(picture, known);
    told.changed(pane);
    if (known) return;
    told.waiting(pane, !picture.made); // what is made here is there in a moment
    try {
      await this.bring(picture, stop);
    } catch (error) {
      if (!stop.signal.aborted) told.failed(pane, error instanceof Failure ? error : new Failure("failed"));
    } finally {
      if (!stop.signal.aborted) told.waiting(pane, false);
    }
  }

  /** Nobody waits for it any longer. */
  drop(): void {
    this.stop.abort();
  }

  /** Small if that is here, then the server's picture, then all of it. */
  private async bring(picture: Picture, stop: AbortController): Promise<void> {
    const { frames } = this.sources;
    const light = this.told.light();
    const coming = !light && frames.isComing(picture);
    if (await this.rough(picture, stop)) await passing(stop.signal);
    if (stop.signal.aborted) return;
    if (!coming && !this.pane.playing) frames.makeWay();
    if (light || !(coming || this.pane.playing)) await this.look(picture, stop); // else the server's picture would only be in its way
    if (!light) await this.whole(picture, stop);
  }

  /** The image's own overlay planes, which nobody waits for. */
  private async overlay(picture: Picture, signal: AbortSignal): Promise<void> {
    const { surface } = this.pane;
    surface.above = this.told.notesShown() ? knownOverlay(picture) : null;
    if (!this.told.notesShown() || surface.above) return;
    const planes = await overlay(picture, signal).catch(() => null); // without them the picture is still worth seeing
    if (signal.aborted) return;
    surface.above = planes;
    if (planes) surface.draw();
  }

  private document(picture: Picture): void {
    const { pane, told } = this;
    pane.sight.document(picture);
    told.waiting(pane, false);
    told.document(pane, picture);
    told.changed(pane);
  }

  /** The small picture of all of its series, when that is here. */
  private async rough(picture: Picture, stop: AbortController): Promise<boolean> {
    const { sight, sentWindow } = this.pane;
    const small = sight.shows(picture) ? undefined : this.sources.overviews.get(picture, sentWindow);
    const bitmap = small && (await createImageBitmap(small).catch(() => null));
    if (!bitmap) return false;
    if (stop.signal.aborted || sight.shows(picture)) bitmap.close();
    else sight.drawn(picture, bitmap, { rough: true, url: "" });
    return true;
  }

  /** A small picture came: perhaps of what is waited for. */
  smallCame(key: string): void {
    const { picture } = this.pane;
    if (picture?.key === key) void this.rough(picture, this.stop);
  }

  /** The server's picture, as sharp as the stage can show. */
  private async look(picture: Picture, stop: AbortController): Promise<void> {
    const { pane } = this;
    const url = pane.url(picture);
    const glance = this.glanced?.key === picture.key && !pane.sentWindow && shownByGlance(picture) ? this.glanced : null;
    const first = glance && (await glance.coming) ? glance.url : url;
    if (stop.signal.aborted) return;
    const bitmap = await patiently(() => this.sources.previews.ask(first, stop.signal), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || (pane.shown?.full && pane.shown.picture === picture)) return bitmap.close();
    pane.sight.drawn(picture, bitmap, { rough: false, url });
  }

  private async whole(picture: Picture, stop: AbortController): Promise<void> {
    const { pane } = this;
    const found = await patiently(() => this.sources.frames.ask(picture, stop.signal), (yes) => this.told.offline(yes), stop.signal);
    if (stop.signal.aborted || pane.picture !== picture) return;
    pane.sight.accept(picture, found);
    this.told.changed(pane);
  }

  /** Pixels of what is seen, also when only the server's picture is shown: for values under a mark. */
  async values(): Promise<Samples | null> {
    const { picture } = this.pane;
    if (!picture?.grey) return null;
    const found = await this.sources.frames.ask(picture).catch(() => null);
    return found && "samples" in found ? found.samples : null;
  }

  /** The same, when they are here. */
  knownValues(): Samples | null {
    const { picture } = this.pane;
    const found = picture && this.sources.frames.get(picture);
    return found && "samples" in found ? found.samples : null;
  }
}

/** Resolves after a moment, at once when something else is looked at. */
function passing(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, PASSING_MS);
    signal.addEventListener("abort", () => done(), { once: true });
  });
}
