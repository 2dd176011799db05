// What hangs where: the panes of the stage, and the series in them.

import { refresh as refreshCorners } from "./corners";
import { showFailure } from "./documents";
import { bindGestures } from "./gestures";
import { Pane } from "./pane";
import { isPlain, load, seriesOf, type Series } from "./pictures";
import { Failure, patiently } from "./server";
import type { Viewer } from "./viewer";

const STACKS = new Set(["CT", "MR", "PT", "NM"]); // long ones open in the middle, where there is something to see
const LONG_STACK = 20;

export class Hanging {
  panes: Pane[] = [];
  active!: Pane;
  grid: [number, number] = [1, 1]; // wide, high
  other = ""; // the study it is compared with

  constructor(private readonly viewer: Viewer) {}

  setGrid(wide: number, high: number): void {
    const place = this.viewer.page.panes;
    this.grid = [wide, high];
    const count = wide * high;
    while (this.panes.length > count) (this.panes.pop() as Pane).clear();
    while (this.panes.length < count) this.panes.push(this.newPane(this.panes.length + 1));
    place.style.setProperty("--wide", String(wide));
    place.style.setProperty("--high", String(high));
    place.classList.toggle("several", count > 1);
    place.classList.toggle("columns", wide > 1);
    place.replaceChildren(...this.panes.map(({ root }) => root));
    if (!this.panes.includes(this.active)) this.active = this.panes[0] as Pane;
    this.activate(this.active);
  }

  private newPane(number: number): Pane {
    const { viewer } = this;
    const pane = new Pane(number, viewer, viewer);
    pane.root.addEventListener("pointerdown", () => this.activate(pane), { capture: true });
    pane.root.addEventListener("focus", () => this.activate(pane));
    bindGestures(viewer, pane);
    return pane;
  }

  activate(pane: Pane): void {
    this.active = pane;
    for (const each of this.panes) each.root.classList.toggle("active", each === pane);
    this.viewer.refresh();
  }

  /** Hang a series in a pane, at one of its pictures, else where there is something to see. Throws Failure. */
  async hang(pane: Pane, series: Series, instance = "", frame = 0): Promise<void> {
    const { viewer } = this;
    const pictures = await patiently(() => load(series), (yes) => viewer.offline(yes));
    if (!pictures.length) return showFailure(viewer, pane, new Failure("missing"), "noImages");
    const shown = viewer.keys.shown(pictures);
    const wanted = shown.findIndex((each) => each.instance === instance && (!frame || each.frame === frame));
    const middle = STACKS.has(series.modality) && shown.length > LONG_STACK ? Math.floor(shown.length / 2) : 0;
    pane.open(series, shown, wanted >= 0 ? wanted : middle);
    viewer.browsing.anchor();
  }

  /** The same, and said in the pane when it fails. */
  hangOrSay(asked: Pane, series: Series): void {
    this.viewer.volumes.leave();
    const pane = this.panes.includes(asked) ? asked : this.active;
    this.hang(pane, series).catch((error: unknown) => this.viewer.failed(pane, error as Failure));
  }

  /** Fill empty panes with the series that hang nowhere yet. */
  fill(): void {
    const hung = new Set(this.panes.map(({ series }) => series?.uid));
    const rest = this.viewer.series.filter((each) => !hung.has(each.uid) && !isPlain(each));
    for (const pane of this.panes.filter(({ series }) => !series)) {
      const next = rest.shift();
      if (next) this.hangOrSay(pane, next);
    }
  }

  neighbour(step: number): void {
    const { series } = this.viewer;
    const next = series[series.findIndex((each) => each === this.active.series) + step];
    if (next) this.hangOrSay(this.active, next);
  }

  /** A second study beside the first, scrolled with it. Throws Failure. */
  async compare(study: string): Promise<void> {
    const { viewer } = this;
    const theirs = await patiently(() => seriesOf(study), (yes) => viewer.offline(yes));
    viewer.volumes.leave();
    this.other = study;
    viewer.series = [...viewer.series.filter((each) => each.study !== study), ...theirs];
    const { clientHeight, clientWidth } = viewer.page.panes;
    const tall = clientHeight > clientWidth;
    const own = this.active.series;
    this.setGrid(tall ? 1 : 2, tall ? 2 : 1);
    viewer.browsing.synced = true;
    const alike = theirs.find(({ modality }) => modality === own?.modality) ?? theirs[0];
    if (alike) await this.hang(this.panes[1] as Pane, alike);
    this.activate(this.panes[0] as Pane);
    viewer.thumbs.show();
    viewer.findSaid();
  }

  stopComparing(): void {
    const { viewer } = this;
    viewer.volumes.leave();
    viewer.series = viewer.series.filter(({ study }) => study === viewer.study);
    this.other = "";
    viewer.browsing.synced = false;
    this.setGrid(1, 1);
    if (this.active.series?.study !== viewer.study && viewer.series[0]) this.hangOrSay(this.active, viewer.series[0]);
    viewer.thumbs.show();
  }

  refresh(): void {
    for (const pane of this.panes) refreshCorners(this.viewer, pane);
  }
}
