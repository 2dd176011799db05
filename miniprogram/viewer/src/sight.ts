// What is seen of a picture in its pane: the small one, the server's, or all of it; drawn under a window, and over it what doctors and readers left.

import type { Pixels } from "./frames";
import { drawMarks } from "./marks";
import { drawNotes } from "./notes";
import { Painter } from "./painter";
import type { Pane, Told } from "./pane";
import type { Picture } from "./pictures";
import { shuttersOf } from "./presentation";
import { defaultWindow, type Samples, type Window } from "./tone";

// In the browser's own timeline, for whoever measures: a picture was drawn; small, as the server draws it, at full fidelity.
const MARKS = { rough: "cloudfilm-small", picture: "cloudfilm-picture", full: "cloudfilm-full" };

export interface Shown {
  picture: Picture;
  full: boolean;
  rough: boolean; // only the small one of all of the series
  window: Window | null; // that of the server's picture
  url: string;
}

export class Sight {
  shown: Shown | null = null;
  /** A window of its values, for a picture that names none. */
  drawnWindow: Window | null = null;
  private pixels: Pixels | null = null;
  private preview: ImageBitmap | null = null;
  private painter = new Painter();

  constructor(private readonly pane: Pane, private readonly told: Told) {}

  /** Values of what is seen, when all of it is here. */
  get samples(): Samples | null {
    return this.pixels && "samples" in this.pixels && this.shown?.full && this.shown.picture === this.pane.picture ? this.pixels.samples : null;
  }

  shows(picture: Picture): boolean {
    return this.shown?.picture === picture;
  }

  // -- what came -------------------------------------------------------------------------

  /** A first look, while nothing is known of the picture. */
  glance(bitmap: ImageBitmap): void {
    this.painter.drawn(bitmap, this.pane);
    this.pane.surface.show(this.painter.canvas, bitmap.width, bitmap.height, 1);
    performance.mark(MARKS.picture);
  }

  /** A picture that the server drew; it is kept, and closed in its time. */
  drawn(picture: Picture, bitmap: ImageBitmap, { rough, url }: { rough: boolean; url: string }): void {
    this.preview?.close();
    this.preview = bitmap;
    this.pixels = null;
    this.shown = { picture, full: false, rough, window: this.pane.sentWindow, url };
    this.compose();
    this.told.changed(this.pane);
  }

  /** All of it. */
  accept(picture: Picture, pixels: Pixels): void {
    this.pixels = pixels;
    this.shown = { picture, full: true, rough: false, window: null, url: "" };
    this.preview?.close();
    this.preview = null;
    if ("samples" in pixels && !picture.tone.windows.length && !hasOwnVoi(picture)) this.drawnWindow = defaultWindow(pixels.samples, picture.tone);
    this.compose();
    this.told.waiting(this.pane, false);
  }

  /** What is no picture is shown elsewhere. */
  document(picture: Picture): void {
    this.shown = { picture, full: true, rough: false, window: null, url: "" };
    this.pixels = null;
    this.pane.surface.clear();
  }

  clear(): void {
    Object.assign(this, { shown: null, pixels: null });
    this.pane.surface.clear();
  }

  // -- drawing it ------------------------------------------------------------------------

  /** Put what is here on the surface, under the window in force. */
  compose(coarse = false): void {
    const { shown, painter, pane } = this;
    if (!shown || !pane.picture) return;
    const { columns, rows, aspect } = shown.picture;
    const { edge, left } = pane;
    const inverted = left ? shown.picture.tone.inverted !== (left.inverted !== pane.inverted) : pane.inverted;
    const look = { window: pane.effectiveWindow, voi: left?.voi ?? null, colours: left?.colours ?? null, inverted, edge };
    if (shown.full && this.pixels) painter.pixels(this.pixels, shown.picture, look, coarse);
    else if (this.preview) painter.drawn(this.preview, { inverted, edge });
    pane.surface.show(painter.canvas, columns, rows, aspect);
    performance.mark(MARKS[shown.full ? "full" : shown.rough ? "rough" : "picture"], { detail: shown.picture.key });
  }

  /** Notes and marks over it, where the surface drew it; `known` are its values when only the server's picture is seen. */
  overlay(known: () => Samples | null): void {
    const { pane, told } = this;
    const { picture, left, surface } = pane;
    const pictured = picture?.show === "picture";
    const shutters = left?.shutters.length ? left.shutters : pictured && told.notesShown() ? shuttersOf(picture.row) : [];
    drawNotes(pane.notes, left, shutters, surface.matrix);
    drawMarks(pane.layer, pictured ? told.marksOf(picture) : [], surface.matrix, this.samples ?? known(), told.chosenMark());
    told.drawn(pane);
  }
}

/** Shades come by the image's own table; before it is read, only the server knows. */
export const hasOwnVoi = ({ tone }: Picture): boolean => (tone.tables ? tone.tables.voi !== null : tone.hasTables);
