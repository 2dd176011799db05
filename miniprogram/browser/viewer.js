// The page of one study: finds its series, hangs one on the stage, says what goes wrong.

import { path, search } from "./dicomweb.js";
import { documentLink, instanceDownload } from "./downloads.js";
import { element } from "./elements.js";
import { Film } from "./film.js";
import { isGrey, refresh } from "./corners.js";
import { Hands } from "./hands.js";
import { layout } from "./layout.js";
import { nameButton } from "./names.js";
import { Notices } from "./notices.js";
import { closeSheet } from "./sheet.js";
import { Stage } from "./stage.js";
import { thumb } from "./thumbs.js";
import { counted, described, number, text, when } from "./values.js";
import { modalityWord, say } from "./words.js";

const WITHOUT_PICTURES = new Set(["SR", "PR", "KO", "DOC", "REG", "ECG"]); // not opened first where there are others

export class StudyView {
  #gone = new AbortController();
  #series = [];
  #current = null;

  /** `fail(failure)` hears of what only the whole page can answer: not signed in, not allowed. */
  constructor(root, study, wanted, fail) {
    Object.assign(this, { root, study, fail, page: layout(root) });
    this.notices = new Notices(this.page);
    this.stage = new Stage(this.page.canvas, () => this.#resized());
    this.film = new Film(this.stage, {
      changed: () => this.#changed(),
      failed: (error, trying) => this.#failed(error, trying),
      waiting: (yes) => this.page.stage.classList.toggle("waiting", yes),
    });
    const go = { list: () => (location.hash = "#/"), series: (step) => this.#neighbour(step) };
    this.hands = new Hands(root, this.page, this.film, this.stage, go, this.#gone.signal);
    addEventListener("online", () => this.notices.warning && this.film.retry(), { signal: this.#gone.signal });
    this.#begin(wanted);
  }

  close() {
    this.#gone.abort();
    closeSheet();
    this.film.close();
    this.root.replaceChildren();
  }

  /** Hang the series of this UID, or the first with pictures. */
  async select(uid) {
    const row = this.#series.find((each) => text(each, "SeriesInstanceUID") === uid) ?? this.#firstToSee();
    if (!row || row === this.#current) return;
    this.#current = row;
    this.#mark();
    this.notices.clear();
    try {
      await this.#hang(row);
    } catch (error) {
      if (row === this.#current) this.#refused(error, () => this.#again(uid));
    }
  }

  #again(uid) {
    this.#current = null;
    this.select(uid);
  }

  // -- study and series --------------------------------------------------------------

  async #begin(wanted) {
    const [signal, below] = [this.#gone.signal, `${path(this.study)}/series`];
    const fields = { includefield: "StudyDescription" };
    try {
      const [studies, series] = await Promise.all([
        search("studies", { StudyInstanceUID: this.study, ...fields }, signal),
        search(below, { includefield: "SeriesDescription" }, signal),
      ]);
      this.#series = series.rows;
      if (!series.rows.length) return this.notices.missing();
      this.#head(studies.rows[0]);
      this.page.strip.replaceChildren(...series.rows.map((row) => this.#seriesButton(row)));
      await this.select(wanted);
    } catch (error) {
      this.#refused(error, () => this.#begin(wanted));
    }
  }

  #head(row) {
    const kind = modalityWord(text(this.#series[0], "Modality"));
    this.page.title.textContent = described(row, "StudyDescription") || say("exam", { kind });
    this.page.date.textContent = when(row) || say("noDate");
    this.page.name.replaceWith(nameButton(row));
  }

  #seriesButton(row) {
    const [uid, modality] = [text(row, "SeriesInstanceUID"), text(row, "Modality")];
    const kind = modalityWord(modality);
    const title = described(row, "SeriesDescription") || say("seriesNumber", { number: text(row, "SeriesNumber") });
    const count = counted([modality], number(row, "SeriesInstances") ?? 0);
    const words = element("div", {}, element("b", {}, title), element("span.fact", {}, `${kind} · ${count}`));
    const onclick = () => this.#visit(uid);
    return element("button", { type: "button", id: `s${uid}`, onclick }, thumb(kind, this.study, uid), words);
  }

  #visit(uid) {
    history.replaceState(null, "", `#/study/${this.study}/${uid}`);
    this.select(uid);
  }

  #neighbour(step) {
    const row = this.#series[this.#series.indexOf(this.#current) + step];
    if (row) this.#visit(text(row, "SeriesInstanceUID"));
  }

  #firstToSee() {
    return this.#series.find((row) => !WITHOUT_PICTURES.has(text(row, "Modality"))) ?? this.#series[0];
  }

  #mark() {
    const chosen = `s${text(this.#current, "SeriesInstanceUID")}`;
    for (const button of this.page.strip.children) button.setAttribute("aria-current", String(button.id === chosen));
    document.getElementById(chosen)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const words = [modalityWord(text(this.#current, "Modality")), described(this.#current, "SeriesDescription")];
    this.page.nw.textContent = words.filter(Boolean).join("  ");
  }

  /** First the picture, then all that is known of the series. */
  async #hang(row) {
    const uid = text(row, "SeriesInstanceUID");
    const here = path(this.study, uid);
    const { rows } = await search(`${here}/instances`, { includefield: "NumberOfFrames" }, this.#gone.signal);
    if (row !== this.#current) return;
    this.film.open(this.study, uid, text(row, "Modality"), rows);
    const all = await search(`${here}/metadata`, {}, this.#gone.signal);
    if (row === this.#current) this.film.describe(all.rows);
  }

  // -- what is seen ----------------------------------------------------------------

  #resized() {
    this.film.settle();
    this.#changed();
  }

  #changed() {
    const { index, shown, item } = this.film;
    if (shown && shown.index === index && item?.viewable) this.notices.clear();
    refresh(this.page, this.film, this.stage);
    if (this.hands.tool === "tone" && this.film.described && !isGrey(this.film)) this.hands.choose("scroll");
  }

  // -- what goes wrong ---------------------------------------------------------------

  #refused(error, again) {
    if (this.#gone.signal.aborted) return;
    if (error.kind === "signed-out" || error.kind === "forbidden") return this.fail(error);
    if (error.kind === "missing") return this.notices.missing();
    this.notices.failure(error, again);
  }

  #failed(error, trying = false) {
    const again = () => this.film.retry();
    if (error.kind === "offline") return this.notices.offline(trying, again);
    if (error.kind !== "not-viewable") return this.#refused(error, again);
    this.stage.clear();
    const what = [this.study, this.film.series, { ...this.film.item, viewable: false }];
    this.notices.notViewable(instanceDownload(...what), documentLink(...what));
  }
}
