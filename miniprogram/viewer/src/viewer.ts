// The page of a study: what it shows, and the parts that do it. Each part is a module of its own.

import { inverse, through } from "./affine";
import type { Address } from "./address";
import { Ahead } from "./ahead";
import { Browsing } from "./browsing";
import { refresh } from "./corners";
import { drawCrossLine, drawCrossLines } from "./crosslines";
import { showDocument, showFailure } from "./documents";
import { Drawing } from "./drawing";
import { canUnpack, Frames } from "./frames";
import { isTool, MODES, USUAL, type Mode } from "./gestures";
import { Hanging } from "./hanging";
import { KeptMarks } from "./keptmarks";
import { bindKeys } from "./keys";
import { KeyImages } from "./keyimages";
import { build, type Page } from "./layout";
import { Loupe } from "./loupe";
import { placed, type Mark } from "./measure";
import { Menus } from "./menus";
import { Overviews } from "./overviews";
import type { Pane, Told } from "./pane";
import { seriesOf, type Picture, type Series } from "./pictures";
import type { Presented } from "./presentation";
import { Presentations } from "./presentations";
import { Postures } from "./postures";
import { Previews } from "./previews";
import { Failure, patiently } from "./server";
import { chooseSaving, saving } from "./settings";
import { Thumbs } from "./thumbs";
import { Volumes } from "./volumes";
import { say } from "./words";

export class Viewer implements Told {
  readonly page: Page;
  readonly frames = new Frames();
  readonly previews = new Previews();
  readonly overviews = new Overviews((key) => this.panes.forEach((pane) => pane.smallCame(key)));
  readonly ahead = new Ahead(this);
  readonly loupe = new Loupe();
  readonly marks = new KeptMarks(() => this.redraw());
  readonly keys = new KeyImages(this);
  readonly presentations = new Presentations(this);
  readonly browsing = new Browsing(this);
  readonly postures = new Postures(this);
  readonly drawing = new Drawing(this);
  readonly menus = new Menus(this);
  readonly thumbs = new Thumbs(this);
  readonly volumes = new Volumes(this);
  readonly hanging = new Hanging(this);
  mode: Mode = USUAL;
  series: Series[] = [];
  study = "";
  exam = "";
  saving = saving();
  referenceLines = true;
  namesShown = false;

  constructor(root: HTMLElement) {
    this.page = build(root);
    this.hanging.setGrid(1, 1);
    this.bindPage();
    bindKeys(this);
  }

  get panes(): Pane[] {
    return this.hanging.panes;
  }

  get active(): Pane {
    return this.hanging.active;
  }

  async start(address: Address): Promise<void> {
    Object.assign(this, { study: address.study, exam: address.exam });
    if (!address.study) return showFailure(this, this.active, new Failure("missing"), "noStudy");
    if (address.instance && address.series) void this.active.glance(address.study, address.series, address.instance, address.frame);
    try {
      this.series = await patiently(() => seriesOf(address.study), (yes) => this.offline(yes));
      if (!this.series.length) throw new Failure("missing"); // not there, or not theirs: it looks the same
      const first = this.series.find(({ uid }) => uid === address.series) ?? (this.series[0] as Series);
      const opened = this.hanging.hang(this.active, first, address.instance, address.frame);
      this.menus.describe();
      this.thumbs.show();
      await opened;
      if (!canUnpack()) this.menus.remark(say("noWasm"));
      if (address.compare) await this.hanging.compare(address.compare);
      else this.findSaid();
    } catch (error) {
      this.failed(this.active, error instanceof Failure ? error : new Failure("failed"));
      if (!(error instanceof Failure)) throw error;
    }
  }

  /** What doctors said about the images: which are important, and how they should be seen. */
  findSaid(): void {
    void this.keys.find();
    void this.presentations.find();
  }

  // -- told by panes ---------------------------------------------------------------------

  changed(pane: Pane): void {
    if (!this.panes.includes(pane)) return;
    this.volumes.open?.changed(pane);
    refresh(this, pane);
    if (pane === this.active) this.refreshPage();
    drawCrossLines(this);
    this.ahead.expect();
  }

  drawn(pane: Pane): void {
    if (this.panes.includes(pane)) drawCrossLine(this, pane);
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

  marksOf(picture: Picture): Mark[] {
    const { draft } = this.drawing;
    const kept = this.marks.of(picture);
    return draft && draft.picture.key === picture.key ? [...kept, draft] : kept;
  }

  chosenMark(): number | null {
    return this.drawing.chosen;
  }

  presented(picture: Picture): Presented | null {
    return this.presentations.of(picture);
  }

  notesShown(): boolean {
    return this.presentations.shown;
  }

  // -- what is chosen for the whole page ---------------------------------------------------

  setSaving(on: boolean): void {
    this.saving = on;
    chooseSaving(on);
    if (on) this.volumes.leave();
    for (const pane of this.panes) void pane.ask();
    if (on) this.frames.expect([]);
  }

  setMode(mode: Mode): void {
    this.drawing.drop();
    this.mode = mode;
    this.refreshPage();
  }

  showNames(yes: boolean): void {
    this.namesShown = yes;
    this.menus.describe();
    this.refresh();
  }

  /** A mark of the usual size in the middle of what is seen. */
  placeMark(): void {
    const { mode } = this;
    const { picture, surface } = this.active;
    if (!isTool(mode) || picture?.show !== "picture") return;
    const middle = through(inverse(surface.matrix), { x: surface.width / 2, y: surface.height / 2 });
    const size = Math.min(surface.width, surface.height) / 4 / surface.scale;
    this.drawing.add(picture, mode, placed(mode, middle, size));
  }

  /** A finished mark, and the values under it. */
  keep(mark: Mark): void {
    this.marks.add(mark);
    void this.active.values().then(() => this.redraw());
  }

  removeMarks(): void {
    this.drawing.drop();
    this.marks.clear();
  }

  // -- what the page shows ---------------------------------------------------------------

  private bindPage(): void {
    const { page, menus } = this;
    const pressed: Record<string, () => void> = {
      play: () => this.browsing.togglePlay(),
      measure: () => menus.measure(),
      presets: () => menus.presets(),
      layout: () => menus.layout(),
      more: () => menus.more(),
    };
    for (const mode of MODES) pressed[mode] = () => this.setMode(mode);
    for (const [name, act] of Object.entries(pressed)) (page.tools[name] as HTMLButtonElement).onclick = act;
    page.previous.onclick = () => this.browsing.step(-1);
    page.next.onclick = () => this.browsing.step(1);
    page.range.oninput = () => this.browsing.goTo(Number(page.range.value) - 1);
    page.back.onclick = (event) => {
      if (history.length < 2) return; // opened by itself: the address it has leads home
      event.preventDefault();
      history.back();
    };
    page.name.onclick = () => this.showNames(!this.namesShown);
    addEventListener("online", () => this.panes.forEach((pane) => pane.shown === null && void pane.ask()));
  }

  refresh(): void {
    this.hanging.refresh();
    this.refreshPage();
    drawCrossLines(this);
  }

  /** Marks are other than before. */
  redraw(): void {
    for (const pane of this.panes) pane.surface.draw();
    this.hanging.refresh();
    this.refreshPage();
  }

  refreshPage(): void {
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
}
