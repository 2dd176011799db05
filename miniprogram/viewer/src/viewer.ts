// The page of a study: its series, what hangs where, and what hands, keys and buttons do with it.

import { enlarged, flipped, inverse, moved, rotated, through, UPRIGHT, type Point } from "./affine";
import type { Address } from "./address";
import { refresh } from "./corners";
import { number, text } from "./dicomjson";
import { showDocument, showFailure } from "./documents";
import { drawn } from "./elements";
import { canUnpack, Frames, PIXELS_MAX_BYTES } from "./frames";
import { listen, type Button } from "./hands";
import { bindKeys } from "./keys";
import { build, type Page } from "./layout";
import { Loupe } from "./loupe";
import { Drawing } from "./drawing";
import { POINTS, TOOLS, placed, type Mark, type Tool } from "./measure";
import { Menus } from "./menus";
import { Pane, type Told } from "./pane";
import { frameMs, isKey, keyPictures, load, seriesOf, type Picture, type Series } from "./pictures";
import { Previews } from "./previews";
import { Failure, patiently } from "./server";
import { chooseSaving, metered, saving } from "./settings";
import { apart, crossing, parallel } from "./space";
import { Thumbs } from "./thumbs";
import { dragged, wholeStart } from "./tone";
import { say } from "./words";

export type Mode = "scroll" | "tone" | "zoom" | "pan" | Tool;
export const MODES: Mode[] = ["scroll", "tone", "zoom", "pan"];

/** What one finger or the left button does until something else is chosen; a mouse browses by its wheel. */
export const USUAL: Mode = matchMedia("(pointer: fine)").matches ? "tone" : "scroll";

const LARGEST = 16;
const DOUBLE_TAP_ZOOM = 2.5;
export const ZOOM_STEP = 1.4;
const ZOOM_PIXELS = 150; // so far a finger goes to enlarge e times
const PIXELS_A_PICTURE = 8; // a drag over the stage goes through a long stack, but no faster than this
const WHEEL_PIXELS = 40;
const STACKS = new Set(["CT", "MR", "PT", "NM"]); // long ones open in the middle, where there is something to see
const LONG_STACK = 20;

export class Viewer implements Told {
  readonly page: Page;
  readonly frames = new Frames();
  readonly previews = new Previews();
  readonly drawing: Drawing;
  readonly menus: Menus;
  readonly thumbs: Thumbs;
  readonly loupe = new Loupe();
  panes: Pane[] = [];
  active!: Pane;
  mode: Mode = USUAL;
  grid: [number, number] = [1, 1]; // wide, high
  series: Series[] = [];
  study = "";
  other = ""; // the study it is compared with
  exam = "";
  synced = false;
  referenceLines = true;
  namesShown = false;
  keysOnly = false;
  keys = new Set<string>();
  private marks = new Map<string, Mark[]>();
  private saving = saving();

  constructor(root: HTMLElement) {
    this.page = build(root);
    this.drawing = new Drawing(this);
    this.menus = new Menus(this);
    this.thumbs = new Thumbs(this);
    this.setGrid(1, 1);
    this.bindPage();
    bindKeys(this);
  }

  // -- what is looked at ---------------------------------------------------------------

  async start(address: Address): Promise<void> {
    Object.assign(this, { study: address.study, exam: address.exam, other: address.compare });
    if (!address.study) return showFailure(this, this.active, new Failure("missing"), "noStudy");
    if (address.instance && address.series) void this.active.glance(address.study, address.series, address.instance, address.frame);
    try {
      this.series = await patiently(() => seriesOf(address.study), (yes) => this.offline(yes));
      if (!this.series.length) throw new Failure("missing"); // not there, or not theirs: it looks the same
      const first = this.series.find(({ uid }) => uid === address.series) ?? (this.series[0] as Series);
      const opened = this.hang(this.active, first, address.instance, address.frame);
      this.describe();
      this.thumbs.show();
      await opened;
      if (!canUnpack()) this.menus.remark(say("noWasm"));
      if (address.compare) await this.compare(address.compare);
      void this.findKeys();
    } catch (error) {
      this.failed(this.active, error instanceof Failure ? error : new Failure("failed"));
      if (!(error instanceof Failure)) throw error;
    }
  }

  /** Hang a series in a pane, at one of its pictures, else where there is something to see. */
  async hang(pane: Pane, series: Series, instance = "", frame = 0): Promise<void> {
    const pictures = await patiently(() => load(series), (yes) => this.offline(yes));
    if (!pictures.length) return showFailure(this, pane, new Failure("missing"), "noImages");
    const shown = this.keysOnly ? pictures.filter((each) => isKey(this.keys, each)) : pictures;
    const wanted = shown.findIndex((each) => each.instance === instance && (!frame || each.frame === frame));
    const middle = STACKS.has(series.modality) && shown.length > LONG_STACK ? Math.floor(shown.length / 2) : 0;
    pane.open(series, shown.length ? shown : pictures, wanted >= 0 ? wanted : middle);
  }

  async compare(study: string): Promise<void> {
    const theirs = await patiently(() => seriesOf(study), (yes) => this.offline(yes));
    this.other = study;
    this.series = [...this.series.filter((each) => each.study !== study), ...theirs];
    const tall = this.page.panes.clientHeight > this.page.panes.clientWidth;
    const own = this.active.series;
    this.setGrid(tall ? 1 : 2, tall ? 2 : 1);
    this.synced = true;
    const alike = theirs.find(({ modality }) => modality === own?.modality) ?? theirs[0];
    if (alike) await this.hang(this.panes[1] as Pane, alike);
    this.activate(this.panes[0] as Pane);
    this.thumbs.show();
  }

  stopComparing(): void {
    this.series = this.series.filter(({ study }) => study === this.study);
    this.other = "";
    this.synced = false;
    this.setGrid(1, 1);
    if (this.active.series?.study !== this.study && this.series[0]) void this.hang(this.active, this.series[0]);
    this.thumbs.show();
  }

  private async findKeys(): Promise<void> {
    const found = await keyPictures(this.series).catch(() => new Set<string>()); // stars are an extra
    for (const key of found) this.keys.add(key);
    this.refresh();
  }

  toggleKey(): void {
    const { picture } = this.active;
    if (!picture) return;
    if (!this.keys.delete(picture.key)) this.keys.add(picture.key);
    this.refresh();
  }

  setKeysOnly(on: boolean): void {
    this.keysOnly = on;
    const { series, picture } = this.active;
    if (series) void this.hang(this.active, series, picture?.instance, picture?.frame);
  }

  // -- panes -----------------------------------------------------------------------------

  setGrid(wide: number, high: number): void {
    this.grid = [wide, high];
    const count = wide * high;
    while (this.panes.length > count) (this.panes.pop() as Pane).clear();
    while (this.panes.length < count) this.panes.push(this.newPane(this.panes.length + 1));
    this.page.panes.style.setProperty("--wide", String(wide));
    this.page.panes.style.setProperty("--high", String(high));
    this.page.panes.classList.toggle("several", count > 1);
    this.page.panes.replaceChildren(...this.panes.map(({ root }) => root));
    if (!this.panes.includes(this.active)) this.active = this.panes[0] as Pane;
    this.activate(this.active);
  }

  /** Fill empty panes with the series that hang nowhere yet. */
  fill(): void {
    const hung = new Set(this.panes.map(({ series }) => series?.uid));
    const rest = this.series.filter(({ uid }) => !hung.has(uid));
    for (const pane of this.panes.filter(({ series }) => !series)) {
      const next = rest.shift();
      if (next) this.hang(pane, next).catch((error: unknown) => this.failed(pane, error as Failure));
    }
  }

  private newPane(number: number): Pane {
    const pane = new Pane(number, this.frames, this.previews, this);
    pane.root.addEventListener("pointerdown", () => this.activate(pane), { capture: true });
    pane.root.addEventListener("focus", () => this.activate(pane));
    this.bindHands(pane);
    return pane;
  }

  activate(pane: Pane): void {
    this.active = pane;
    for (const each of this.panes) each.root.classList.toggle("active", each === pane);
    this.refresh();
  }

  // -- told by panes ---------------------------------------------------------------------

  changed(pane: Pane): void {
    if (!this.panes.includes(pane)) return;
    refresh(this, pane);
    if (pane === this.active) this.refreshPage();
    this.drawLines();
    this.expect();
  }

  failed(pane: Pane, failure: Failure): void {
    pane.pause();
    showFailure(this, pane, failure);
  }

  waiting(pane: Pane, yes: boolean): void {
    pane.root.classList.toggle("waiting", yes);
  }

  offline(yes: boolean): void {
    this.page.status.hidden = !yes;
    this.page.status.replaceChildren(say("offline"));
  }

  document(pane: Pane, picture: Picture): void {
    void showDocument(this, pane, picture);
  }

  light(): boolean {
    return this.saving || !canUnpack();
  }

  setSaving(on: boolean): void {
    this.saving = on;
    chooseSaving(on);
    for (const pane of this.panes) void pane.ask();
    if (on) this.frames.expect([]);
  }

  marksOf(picture: Picture): Mark[] {
    const draft = this.drawing.draft;
    const kept = this.marks.get(picture.key) ?? [];
    return draft && draft.picture.key === picture.key ? [...kept, draft] : kept;
  }

  chosenMark(): number | null {
    return this.drawing.chosen;
  }

  // -- marks -----------------------------------------------------------------------------

  keep(mark: Mark): void {
    this.marks.set(mark.picture.key, [...(this.marks.get(mark.picture.key) ?? []), mark]);
    void this.active.values().then(() => this.redraw());
  }

  remove(id: number): void {
    for (const [key, all] of this.marks) this.marks.set(key, all.filter((mark) => mark.id !== id));
    this.redraw();
  }

  removeAll(): void {
    this.marks.clear();
    this.drawing.drop();
    this.redraw();
  }

  get marked(): boolean {
    return [...this.marks.values()].some((all) => all.length > 0);
  }

  mark(id: number): Mark | undefined {
    return [...this.marks.values()].flat().find((mark) => mark.id === id);
  }

  redraw(): void {
    for (const pane of this.panes) {
      pane.surface.draw();
      refresh(this, pane);
    }
    this.refreshPage();
  }

  // -- what hands do ---------------------------------------------------------------------

  setMode(mode: Mode): void {
    this.drawing.drop();
    this.mode = mode;
    this.refreshPage();
  }

  private bindHands(pane: Pane): void {
    const { surface } = pane;
    let acting: Mode | "mark" = "scroll";
    let travelled = 0;
    const start = (button: Button, target: Element): Mode | "mark" => {
      if (button === "right") return "zoom";
      if (button === "middle") return "pan";
      return this.drawing.takes(target) || isTool(this.mode) ? "mark" : this.mode;
    };
    listen(pane.stage, {
      begin: (at, button, target) => {
        pane.pause();
        travelled = 0;
        acting = start(button, target);
        if (acting === "mark") this.drawing.begin(pane, at, target);
      },
      drag: (dx, dy, at) => {
        if (acting === "mark") return this.drawing.drag(pane, at);
        if (acting === "tone") return this.dragWindow(pane, dx, dy);
        if (acting === "zoom") return this.zoom(Math.exp(-dy / ZOOM_PIXELS), { x: surface.width / 2, y: surface.height / 2 }, pane);
        if (acting === "pan") return this.move(dx, dy, pane);
        travelled = this.scrolled(pane, travelled + dy, this.pixelsAPicture(pane));
      },
      end: (at, tapped) => {
        if (acting === "mark") this.drawing.end(pane, at, tapped);
        else pane.settle();
        if (acting === "tone") pane.setWindow(pane.window);
      },
      cancel: () => this.drawing.cancel(),
      pinch: (factor, at, dx, dy) => {
        this.zoom(factor, at, pane);
        this.move(dx, dy, pane);
      },
      doubleTap: (at) => {
        if (acting === "mark") return;
        if (surface.posture.zoom > 1) this.restore(pane);
        else this.zoom(DOUBLE_TAP_ZOOM, at, pane);
      },
      wheel: (pixels) => {
        travelled = this.scrolled(pane, (Math.sign(pixels) === Math.sign(travelled) ? travelled : 0) + pixels, WHEEL_PIXELS);
      },
      zoom: (factor, at) => this.zoom(factor, at, pane),
    });
  }

  /** Goes so many pictures as were travelled; what is left of the way. */
  private scrolled(pane: Pane, travelled: number, pixels: number): number {
    const steps = Math.trunc(travelled / pixels);
    if (steps) this.step(steps, pane);
    return travelled - steps * pixels;
  }

  private pixelsAPicture(pane: Pane): number {
    return Math.max(PIXELS_A_PICTURE, Math.min(WHEEL_PIXELS, pane.surface.height / Math.max(1, pane.pictures.length)));
  }

  dragWindow(pane: Pane, dx: number, dy: number): void {
    if (!pane.picture?.grey) return;
    pane.setWindow(dragged(pane.effectiveWindow ?? wholeStart(pane.picture.tone), dx, dy), true);
    pane.settle();
  }

  zoom(factor: number, at: Point | null = null, pane = this.active): void {
    const { surface } = pane;
    const middle = at ?? { x: surface.width / 2, y: surface.height / 2 };
    surface.hang(enlarged(surface.posture, factor, middle, surface.width, surface.height, Math.max(LARGEST, surface.actual)));
    this.postured(pane);
  }

  move(dx: number, dy: number, pane = this.active): void {
    pane.surface.hang(moved(pane.surface.posture, dx, dy, pane.surface.width, pane.surface.height));
    this.postured(pane);
  }

  restore(pane = this.active): void {
    const { turned, mirrored } = pane.surface.posture;
    pane.surface.hang({ ...UPRIGHT, turned, mirrored });
    this.postured(pane);
  }

  actual(pane = this.active): void {
    pane.surface.hang({ ...pane.surface.posture, x: 0, y: 0, zoom: pane.surface.actual });
    this.postured(pane);
  }

  rotate(): void {
    this.active.surface.hang({ ...rotated(this.active.surface.posture, 90), x: 0, y: 0 });
    this.postured(this.active);
  }

  flip(across: boolean): void {
    const { posture } = this.active.surface;
    this.active.surface.hang({ ...flipped(posture, across), x: across ? -posture.x : posture.x, y: across ? posture.y : -posture.y });
    this.postured(this.active);
  }

  private postured(pane: Pane): void {
    pane.settle();
    refresh(this, pane);
    if (!this.synced) return;
    for (const each of this.panes) {
      if (each === pane || !each.series) continue;
      const { zoom, x, y } = pane.surface.posture;
      each.surface.hang({ ...each.surface.posture, zoom, x, y });
      each.settle();
      refresh(this, each);
    }
  }

  step(count: number, pane = this.active): void {
    this.goTo(pane.index + count, pane);
  }

  goTo(index: number, pane = this.active): void {
    const before = pane.index;
    void pane.go(index);
    if (this.synced && pane.index !== before) this.follow(pane, pane.index - before);
  }

  /** The other panes go along: to the same place in the patient where that is known, else as many pictures. */
  private follow(pane: Pane, steps: number): void {
    const plane = pane.picture?.plane;
    for (const each of this.panes) {
      if (each === pane || !each.picture) continue;
      const theirs = each.picture.plane;
      const nearest = plane && theirs && parallel(plane, theirs) ? nearestTo(each.pictures, plane) : null;
      void each.go(nearest ?? each.index + steps);
    }
  }

  neighbour(step: number): void {
    const at = this.series.findIndex((each) => each === this.active.series);
    const next = this.series[at + step];
    if (next) this.hang(this.active, next).catch((error: unknown) => this.failed(this.active, error as Failure));
  }

  togglePlay(): void {
    if (this.active.playing) this.active.pause();
    else if (this.active.pictures.length > 1) void this.active.play(frameMs);
    this.refreshPage();
  }

  reset(): void {
    this.active.pause();
    this.active.reset();
    this.changed(this.active);
  }

  /** A mark of the usual size in the middle of what is seen. */
  placeMark(): void {
    const { active } = this;
    if (!isTool(this.mode) || active.picture?.show !== "picture") return;
    const back = inverse(active.surface.matrix);
    const middle = through(back, { x: active.surface.width / 2, y: active.surface.height / 2 });
    const size = Math.min(active.surface.width, active.surface.height) / 4 / active.surface.scale;
    this.drawing.add(active.picture, this.mode, placed(this.mode, middle, size));
  }

  // -- what the page shows ---------------------------------------------------------------

  private bindPage(): void {
    const { page } = this;
    for (const mode of MODES) (page.tools[mode] as HTMLButtonElement).onclick = () => this.setMode(mode);
    page.previous.onclick = () => this.step(-1);
    page.next.onclick = () => this.step(1);
    page.range.oninput = () => this.goTo(Number(page.range.value) - 1);
    (page.tools.play as HTMLButtonElement).onclick = () => this.togglePlay();
    (page.tools.measure as HTMLButtonElement).onclick = () => this.menus.measure();
    (page.tools.presets as HTMLButtonElement).onclick = () => this.menus.presets();
    (page.tools.layout as HTMLButtonElement).onclick = () => this.menus.layout();
    (page.tools.more as HTMLButtonElement).onclick = () => this.menus.more();
    page.back.onclick = (event) => {
      if (history.length < 2) return; // opened by itself: the address it has leads home
      event.preventDefault();
      history.back();
    };
    page.name.onclick = () => this.showNames(!this.namesShown);
    addEventListener("online", () => this.panes.forEach((pane) => pane.shown === null && void pane.ask()));
  }

  showNames(yes: boolean): void {
    this.namesShown = yes;
    this.describe();
    this.refresh();
  }

  private describe(): void {
    this.menus.describe();
  }

  refresh(): void {
    for (const pane of this.panes) refresh(this, pane);
    this.refreshPage();
    this.drawLines();
  }

  private refreshPage(): void {
    const { page, active } = this;
    const count = active.pictures.length;
    Object.assign(page.range, { max: String(Math.max(1, count)), value: String(active.index + 1), disabled: count < 2 });
    page.range.setAttribute("aria-valuetext", say("position", { index: active.index + 1, total: count }));
    page.previous.disabled = active.index <= 0;
    page.next.disabled = active.index >= count - 1;
    for (const mode of MODES) page.tools[mode]?.setAttribute("aria-pressed", String(mode === this.mode));
    page.tools.measure?.setAttribute("aria-pressed", String(isTool(this.mode)));
    this.menus.refresh();
    this.thumbs.refresh();
  }

  private drawLines(): void {
    const { active } = this;
    for (const pane of this.panes) {
      const line = this.referenceLines && pane !== active ? lineIn(active.picture, pane.picture) : null;
      if (!line) {
        pane.lines.replaceChildren();
        continue;
      }
      const [one, other] = line.map((point) => through(pane.surface.matrix, point)) as [Point, Point];
      pane.lines.replaceChildren(drawn("line", { x1: one.x, y1: one.y, x2: other.x, y2: other.y }));
    }
  }

  private expecting = 0;

  /** What is fetched ahead, the active pane's first; once, however many panes changed. */
  private expect(): void {
    cancelAnimationFrame(this.expecting);
    this.expecting = requestAnimationFrame(() => {
      const panes = [this.active, ...this.panes.filter((pane) => pane !== this.active)];
      if (panes.some((pane) => pane.shown?.picture !== pane.picture && pane.picture)) return; // what is looked at comes first
      if (this.light()) return this.previews.expect(panes.flatMap((pane) => pane.likely(false).map((picture) => pane.url(picture))));
      const near = panes.flatMap((pane) => pane.likely(false));
      const rest = panes.flatMap((pane) => (metered() ? pane.likely(false, AHEAD_WHEN_METERED) : pane.likely(true)));
      this.frames.expect(within([...new Set([...near, ...rest])], PIXELS_MAX_BYTES * KEPT_SHARE));
    });
  }
}

const AHEAD_WHEN_METERED = 40; // pictures: no data plan pays for a whole series that may not be looked at

const KEPT_SHARE = 0.7; // of the memory for pixels that may be fetched ahead

function within(pictures: Picture[], bytes: number): Picture[] {
  let left = bytes;
  return pictures.filter(({ columns, rows, grey }) => (left -= columns * rows * (grey ? 2 : 4)) > 0);
}

export const isTool = (mode: Mode): mode is Tool => (TOOLS as string[]).includes(mode);
export const pointsOf = (tool: Tool): number => POINTS[tool];

function nearestTo(pictures: Picture[], plane: NonNullable<Picture["plane"]>): number | null {
  let [best, distance] = [-1, Infinity];
  pictures.forEach((each, at) => {
    const far = each.plane ? apart(plane, each.plane) : Infinity;
    if (far < distance) [best, distance] = [at, far];
  });
  return best >= 0 ? best : null;
}

function lineIn(active: Picture | null, shown: Picture | null): [Point, Point] | null {
  if (!active?.plane || !active.spacing || !shown?.plane || !shown.spacing) return null;
  return crossing(
    { plane: active.plane, spacing: active.spacing, columns: active.columns, rows: active.rows },
    { plane: shown.plane, spacing: shown.spacing, columns: shown.columns, rows: shown.rows },
  );
}

/** Words for a series on its thumbnail. */
export const seriesNumber = (series: Series): string => String(number(series.row, "SeriesNumber") ?? "");
export const seriesWords = (series: Series): string => text(series.row, "SeriesDescription").replaceAll("^", " ") || say("series", { number: seriesNumber(series) });
