// The list of studies: search, cards, more on request.

import { Failure, search } from "./dicomweb.js";
import { element, icon, notice } from "./elements.js";
import { nameButton } from "./names.js";
import { thumb } from "./thumbs.js";
import { counts, described, text, values, when } from "./values.js";
import { modalitiesCalled, modalityWord, say } from "./words.js";

const PAGE = 20;
const FOUND_MOST = 50; // of each question, when searching
const TYPING_PAUSE_MS = 350;
const SKELETONS = 6;
const MORE_FIELDS = "StudyDescription";

/** Builds the list in `root`; `fail(failure)` hears of what only the whole page can answer. */
export function studyList(root, fail) {
  const cards = element("ul.studies");
  const said = element("p.said", { role: "status" });
  const under = element("div.under");
  const box = searchBox(() => load());
  root.replaceChildren(header(box), said, cards, under);
  let asking = new AbortController();

  async function load() {
    asking.abort();
    asking = new AbortController();
    under.replaceChildren();
    said.textContent = "";
    cards.replaceChildren(...Array.from({ length: SKELETONS }, skeleton));
    await attempt(asking.signal, box.value ? found : () => page(0));
  }

  async function attempt(signal, work) {
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) refused(error, () => attempt(signal, work));
    }
  }

  async function page(offset) {
    const signal = asking.signal;
    const { rows, more } = await search("studies", { limit: PAGE, offset, includefield: MORE_FIELDS }, signal);
    if (offset === 0) cards.replaceChildren();
    cards.append(...rows.map(card));
    under.replaceChildren();
    if (offset === 0 && rows.length === 0) under.append(notice(say("empty"), say("emptyNext")));
    if (more) under.append(moreButton(() => attempt(signal, () => page(offset + rows.length))));
  }

  async function found(signal) {
    const answers = await Promise.all(questions(box.value).map((asked) => search("studies", asked, signal)));
    const rows = newestFirst(answers.flatMap((answer) => answer.rows));
    cards.replaceChildren(...rows.map(card));
    said.textContent = say("found", { count: rows.length });
    if (answers.some((answer) => answer.more)) said.textContent = say("foundMore", { count: rows.length });
    under.replaceChildren();
    if (!rows.length) under.append(notice(say("nothing"), say("nothingNext")));
  }

  function refused(error, again) {
    if (!(error instanceof Failure)) throw error;
    for (const each of cards.querySelectorAll(".skeleton")) each.remove();
    if (error.kind === "signed-out" || error.kind === "forbidden") return fail(error);
    const words = error.kind === "offline" ? say("offline") : say("failed", { number: error.id.slice(-4).toUpperCase() || "-" });
    under.replaceChildren(notice(words, "", element("button.button", { onclick: again }, say("retry"))));
    if (error.kind === "offline") window.addEventListener("online", again, { once: true });
  }

  return { load };
}

function header(box) {
  const brand = element("h1.brand", {}, element("img", { src: "/browser/icon.svg", alt: "" }), say("brand"));
  const size = element("button.size", { type: "button", onclick: toggle }, "");
  const word = () => (size.textContent = say(document.documentElement.classList.contains("large") ? "normal" : "large"));
  function toggle() {
    const large = document.documentElement.classList.toggle("large");
    localStorage.setItem("cloudfilm.large", large ? "1" : "");
    word();
  }
  word();
  return element("header.top", {}, brand, box.form, size);
}

function searchBox(changed) {
  let pause = 0;
  let asked = "";
  const input = element("input", { type: "search", placeholder: say("searchHint"), "aria-label": say("search"), enterKeyHint: "search", autocomplete: "off" });
  const clear = element("button", { type: "button", hidden: true, onclick: () => set("") }, say("clear"));
  const form = element("form.find", { role: "search" }, icon("search"), input, clear);

  function now() {
    clearTimeout(pause);
    clear.hidden = !input.value;
    if (input.value.trim() === asked) return;
    asked = input.value.trim();
    changed();
  }
  function set(value) {
    input.value = value;
    input.focus();
    now();
  }
  input.addEventListener("input", (event) => {
    clearTimeout(pause);
    if (!event.isComposing) pause = setTimeout(now, TYPING_PAUSE_MS);
  });
  input.addEventListener("compositionend", () => (pause = setTimeout(now, TYPING_PAUSE_MS)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    now();
  });
  return { form, get value() { return asked; } };
}

/** The QIDO-RS questions that one line of a person's words may mean. */
export function questions(words) {
  const common = { limit: FOUND_MOST, includefield: MORE_FIELDS };
  const days = dates(words);
  if (days) return [{ ...common, StudyDate: days }];
  const kinds = modalitiesCalled(words);
  if (kinds.length) return kinds.map((kind) => ({ ...common, ModalitiesInStudy: kind }));
  const anywhere = `*${words.replace(/[*?\\]/g, "")}*`;
  return ["PatientName", "PatientID", "AccessionNumber", "StudyDescription"].map((name) => ({ ...common, [name]: anywhere }));
}

/** 2026-01-05, 20260105, 2026年1月5日, 2026年1月, 2026年 → a DICOM date or range; null for anything else. */
export function dates(words) {
  const found = /^(\d{4})(?:(?:[-/.年]?)(\d{1,2})(?:[-/.月]?(\d{1,2})日?|月)?|年)?$/.exec(words.replace(/\s/g, ""));
  if (!found || !(found[1] > "1890" && found[1] < "2200")) return null;
  const [, year, month, day] = found;
  if (!month) return `${year}0101-${year}1231`;
  if (!(month >= 1 && month <= 12)) return null;
  const start = year + month.padStart(2, "0");
  return day ? start + day.padStart(2, "0") : `${start}01-${start}31`;
}

function newestFirst(rows) {
  const byUid = new Map(rows.map((row) => [text(row, "StudyInstanceUID"), row]));
  const moment = (row) => text(row, "StudyDate") + text(row, "StudyTime");
  return [...byUid.values()].sort((one, other) => (moment(one) < moment(other) ? 1 : -1));
}

function card(row) {
  const uid = text(row, "StudyInstanceUID");
  const kinds = values(row, "ModalitiesInStudy").map(modalityWord);
  const main = kinds[0] ?? "";
  const title = described(row, "StudyDescription") || say("exam", { kind: main });
  return element(
    "li.study",
    {},
    element(
      "div",
      {},
      element("h2", {}, element("a", { href: `#/study/${uid}` }, title)),
      element("p.quiet-line", {}, when(row) || say("noDate")),
      element("p.facts", {}, ...[...new Set(kinds)].map((kind) => element("span.kind", {}, kind)), counts(row)),
      nameButton(row),
    ),
    thumb(main, uid),
  );
}

function skeleton() {
  return element("li.study.skeleton", { "aria-hidden": "true" }, element("div", {}, element("i"), element("i"), element("i")), element("span.thumb"));
}

function moreButton(onclick) {
  return element("button.button.quiet", { type: "button", onclick }, say("more"));
}
