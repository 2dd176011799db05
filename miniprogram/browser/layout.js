// The pieces of the dark page, put together once.

import { element, icon } from "./elements.js";
import { say } from "./words.js";

const TOOLS = { scroll: "scroll", tone: "tone", presets: "presets", play: "play", others: "more" }; // name → drawing

/** Fills `root` and gives its living parts. */
export function layout(root) {
  const page = { ...bar(), ...stage(), ...slider(), strip: element("nav.strip", { "aria-label": say("allSeries") }), tools: tools() };
  const row = element("div.tools", { role: "toolbar" }, ...Object.values(page.tools));
  root.replaceChildren(page.bar, page.stage, page.slider, page.strip, row);
  return page;
}

function bar() {
  const back = element("button", { type: "button", "aria-label": say("back") }, icon("back"));
  const [title, date, name] = [element("h1"), element("p"), element("span")];
  return { back, title, date, name, bar: element("header.bar", {}, back, element("div", {}, title, date), name) };
}

function stage() {
  const canvas = element("canvas", { role: "img", "aria-label": say("stage") });
  const [nw, ne, sw, se] = ["nw", "ne", "sw", "se"].map((corner) => element(`div.corner.${corner}`));
  const notice = element("div.notice", { role: "status", hidden: true });
  const banner = element("div.banner", { role: "alert", hidden: true });
  const disclaimer = element("p.disclaimer", {}, say("disclaimer"));
  return { canvas, nw, ne, sw, se, notice, banner, stage: element("section.stage", {}, canvas, nw, ne, sw, se, notice, disclaimer, banner) };
}

function slider() {
  const previous = element("button", { type: "button", "aria-label": say("previous") }, icon("up"));
  const next = element("button", { type: "button", "aria-label": say("next") }, icon("down"));
  const range = element("input", { type: "range", min: 1, max: 1, value: 1, "aria-label": say("slider") });
  return { previous, next, range, slider: element("div.slider.one", {}, previous, range, next) };
}

function tools() {
  const made = Object.entries(TOOLS).map(([name, drawing]) => [name, element("button", { type: "button" }, icon(drawing), say(name))]);
  const found = Object.fromEntries(made);
  found.scroll.setAttribute("aria-pressed", "true");
  found.tone.setAttribute("aria-pressed", "false");
  for (const name of ["presets", "others"]) found[name].setAttribute("aria-expanded", "false");
  return found;
}
