// What the buttons below offer: measuring, windows, layouts, and all that is needed less often.

import { day, described, maskedName, number, personName, plain, text, values } from "./dicomjson";
import { element, icon } from "./elements";
import { TOOLS } from "./measure";
import { showMore } from "./more";
import type { Picture } from "./pictures";
import { json, path, rows } from "./server";
import { choose, elder, english } from "./settings";
import { showSheet, type Choice } from "./sheet";
import { presets, same, tidy, wholeStart, type Window } from "./tone";
import { dragWindow, isTool, USUAL } from "./gestures";
import { ZOOM_STEP } from "./postures";
import type { Viewer } from "./viewer";
import { modalityWord, say } from "./words";

const LAYOUTS: [string, number, number][] = [["1x1", 1, 1], ["1x2", 2, 1], ["2x1", 1, 2], ["2x2", 2, 2]];
const LARGE_LAYOUTS: [string, number, number][] = [["2x3", 3, 2], ["3x3", 3, 3]];
const LARGE_PIXELS = 900;
const [PAN_PIXELS, TONE_PIXELS] = [48, 24]; // that one press of a button moves
const READ_MS = 6000; // so long a remark stays

export class Menus {
  constructor(private readonly viewer: Viewer) {}

  measure(): void {
    const { viewer } = this;
    const tools: Choice[] = TOOLS.map((tool) => ({
      icon: tool, name: say(tool), radio: true, on: viewer.mode === tool, off: viewer.active.picture?.show !== "picture",
      act: () => viewer.setMode(tool),
    }));
    showSheet(say("measure"), [
      ...tools,
      { icon: "done", name: say("tool.finish"), off: !isTool(viewer.mode), act: () => viewer.setMode(USUAL) },
      { icon: "trash", name: say("deleteMarks"), off: !viewer.marks.all.length, act: () => viewer.removeMarks() },
    ]);
  }

  presets(): void {
    const { active } = this.viewer;
    const { picture } = active;
    if (!picture?.grey) return;
    const own = picture.tone.windows[0] ?? active.effectiveWindow ?? wholeStart(picture.tone);
    const now = active.effectiveWindow;
    const words = (window: Window) => say("window", { center: plain(tidy(window.center, window.width)), width: plain(tidy(window.width, window.width)) });
    showSheet(
      say("presets"),
      presets(picture.tone, own).map(({ key, window }, place) => ({
        name: window.name || say(`preset.${key}`), note: words(window), radio: true, on: now !== null && same(now) === same(window),
        act: () => active.setWindow(place === 0 ? null : window),
      })),
    );
  }

  layout(): void {
    const { viewer } = this;
    const [wide, high] = viewer.hanging.grid;
    const offered = innerWidth >= LARGE_PIXELS ? [...LAYOUTS, ...LARGE_LAYOUTS] : LAYOUTS;
    const switches: Choice[] = [
      { icon: "sync", name: say("sync"), on: viewer.browsing.synced, off: viewer.panes.length < 2, act: () => viewer.browsing.toggleSync() },
      { icon: "lines", name: say("lines"), on: viewer.referenceLines, off: viewer.panes.length < 2, act: () => this.toggleLines() },
      viewer.hanging.other
        ? { icon: "compare", name: say("noCompare"), act: () => viewer.hanging.stopComparing() }
        : { icon: "compare", name: say("compare"), act: () => void this.others() },
    ];
    const why = viewer.volumes.whyNot();
    const volume: Choice = {
      icon: "volume", name: say(viewer.volumes.open ? "noVolume" : "volume"), note: why, off: why !== "",
      act: () => viewer.volumes.toggle(),
    };
    showSheet(say("layout"), [
      ...offered.map(([name, across, down]) => ({
        icon: name, name: say(`layout.${name}`), radio: true, on: !viewer.volumes.open && across === wide && down === high,
        act: () => {
          viewer.volumes.leave();
          viewer.hanging.setGrid(across, down);
          viewer.hanging.fill();
        },
      })),
      ...switches,
      volume,
    ]);
  }

  private toggleLines(): void {
    this.viewer.referenceLines = !this.viewer.referenceLines;
    this.viewer.refresh();
  }

  more(): void {
    showMore(this.viewer);
  }

  /** Whoever opened a share may perhaps look and not take away: that is said, instead of an address that refuses. */
  async download({ study, series, instance }: Picture): Promise<void> {
    const address = `${path(study, series, instance)}?accept=application/dicom`;
    const asked = await fetch(address, { method: "HEAD" }).catch(() => null);
    if (asked?.ok) location.assign(address);
    else this.remark(say(asked ? "noDownload" : "offlineEnd"));
  }

  /** Said for a while. */
  remark(words: string): void {
    this.hint(words);
    setTimeout(() => {
      this.guided = "-";
      this.refresh();
    }, READ_MS);
  }

  save(on: boolean): void {
    this.viewer.setSaving(on);
    if (on) this.remark(say("saverOn"));
  }

  enlarge(): void {
    choose({ elder: !elder() });
    document.documentElement.classList.toggle("elder", elder());
    this.viewer.redraw();
  }

  translate(): void {
    choose({ language: english ? "zh" : "en" });
    location.reload();
  }

  help(): void {
    void import("./help").then(({ showHelp }) => showHelp(), () => this.remark(say("offlineEnd")));
  }

  /** The exams of this patient that have pictures, to hang one beside this. */
  async others(): Promise<void> {
    const found = await this.otherStudies().catch(() => []);
    const choices = found.map(({ study, name, note }) => ({ name, note, act: () => void this.viewer.hanging.compare(study).catch(() => this.viewer.offline(true)) }));
    showSheet(say("compareList"), choices.length ? choices : element("p", {}, say("noOthers")), true);
  }

  private async otherStudies(): Promise<{ study: string; name: string; note: string }[]> {
    const exams = await json<{ items: ExamItem[] }>("/api/v1/exams?limit=100").catch(() => null);
    if (exams) {
      return exams.items.flatMap((exam) =>
        exam.studies.filter((study) => study !== this.viewer.study).map((study) => ({
          study, name: exam.item || modalityWord(exam.modality), note: `${exam.hospital.name} · ${exam.performed_at.slice(0, 10)}`,
        })),
      );
    }
    const patient = text(this.viewer.active.picture?.row, "PatientID");
    if (!patient) return [];
    const studies = await rows(`/dicom-web/studies?${new URLSearchParams({ PatientID: patient, limit: "50" })}`);
    return studies
      .filter((row) => text(row, "StudyInstanceUID") !== this.viewer.study)
      .map((row) => ({ study: text(row, "StudyInstanceUID"), name: described(row, "StudyDescription") || modalityWord(text(row, "Modality")), note: day(row) }));
  }

  // -- bar, hint and buttons, as things are now -------------------------------------------

  describe(): void {
    const { viewer } = this;
    const { page } = viewer;
    const row = viewer.active.picture?.row ?? viewer.series[0]?.row;
    const name = personName(values(row, "PatientName")[0]);
    page.back.href = viewer.exam ? `/#/pages/exam/index?id=${viewer.exam}` : "/";
    const words = described(row, "StudyDescription") || described(row, "SeriesDescription") || modalityWord(text(row, "Modality"));
    page.title.replaceChildren(words || say("title"), element("small", {}, day(row)));
    page.name.hidden = !name || name.includes("*"); // masked by the server: there is nothing to show
    const shown = viewer.namesShown;
    page.name.replaceChildren(shown ? name : maskedName(name), icon(shown ? "eye" : "hidden"));
    page.name.setAttribute("aria-label", say(shown ? "hideName" : "name"));
    page.name.setAttribute("aria-pressed", String(shown));
    document.title = say("title"); // never a name: a title stays in histories
  }

  private hint(words: string, ...more: HTMLElement[]): void {
    const { hint } = this.viewer.page;
    hint.hidden = !words;
    hint.replaceChildren(...(words.trim() ? [element("span", {}, words)] : []), ...more);
  }

  private described = "";

  refresh(): void {
    const { viewer } = this;
    const { page, active, mode } = viewer;
    const pictured = active.picture?.show === "picture";
    (page.tools.presets as HTMLButtonElement).disabled = !active.picture?.grey;
    (page.tools.tone as HTMLButtonElement).disabled = !active.picture?.grey && active.series !== null;
    (page.tools.play as HTMLButtonElement).disabled = active.pictures.length < 2;
    (page.tools.measure as HTMLButtonElement).disabled = !pictured && active.series !== null;
    const word = active.playing ? "pause" : "play";
    if (page.tools.play?.dataset.word !== word) {
      (page.tools.play as HTMLButtonElement).dataset.word = word;
      page.tools.play?.replaceChildren(icon(word), element("span", {}, say(word)));
    }
    const now = active.picture ? `${active.picture.study}${number(active.picture.row, "InstanceNumber") === undefined}` : "";
    if (now !== this.described) {
      this.described = now;
      this.describe();
    }
    this.guide(mode);
  }

  /** What a finger does by dragging, as buttons. */
  private steps(mode: string): [string, () => void][] {
    const { viewer } = this;
    if (mode === "zoom") return [["zoomOut", () => viewer.postures.zoom(1 / ZOOM_STEP)], ["zoomIn", () => viewer.postures.zoom(ZOOM_STEP)], ["fit", () => viewer.postures.restore()]];
    if (mode === "pan") {
      const to = (x: number, y: number) => () => viewer.postures.move(x * PAN_PIXELS, y * PAN_PIXELS);
      return [["left", to(-1, 0)], ["right", to(1, 0)], ["up", to(0, -1)], ["down", to(0, 1)]];
    }
    const drag = (x: number, y: number) => () => dragWindow(viewer.active, x * TONE_PIXELS, y * TONE_PIXELS);
    return [["brighter", drag(0, -1)], ["darker", drag(0, 1)], ["stronger", drag(-1, 0)], ["weaker", drag(1, 0)]];
  }

  private guided = "";

  private guide(mode: string): void {
    const { viewer } = this;
    const second = viewer.drawing.draft !== null && viewer.drawing.draft.points.length >= 2 && mode !== "freehand";
    const words = isTool(viewer.mode) ? say(second && ["cobb", "ratio"].includes(mode) ? "hint.second" : `hint.${mode}`) : "";
    const chosen = viewer.drawing.chosen;
    const state = `${mode}/${words}/${chosen}`;
    if (state === this.guided) return;
    this.guided = state;
    const button = (word: string, act: () => void) => element("button", { type: "button", onclick: act }, say(word));
    if (!words && mode !== USUAL && mode !== "scroll") {
      this.hint(" ", ...this.steps(mode).map(([word, act]) => button(word, act)));
      return;
    }
    this.hint(
      words && chosen !== null ? " " : words,
      ...(chosen !== null && words ? [button("deleteMark", () => viewer.marks.remove(chosen))] : []),
      ...(words ? [button("place", () => viewer.placeMark()), button("done", () => viewer.setMode(USUAL))] : []),
    );
  }
}

interface ExamItem {
  item: string;
  modality: string;
  performed_at: string;
  hospital: { name: string };
  studies: string[];
}
