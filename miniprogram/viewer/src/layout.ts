// The pieces of the page, empty: bar, panes, tools, thumbnails.

import { element, icon } from "./elements";
import { say } from "./words";

export interface Page {
  root: HTMLElement;
  back: HTMLAnchorElement;
  title: HTMLElement;
  name: HTMLButtonElement;
  panes: HTMLElement;
  hint: HTMLElement;
  status: HTMLElement;
  range: HTMLInputElement;
  previous: HTMLButtonElement;
  next: HTMLButtonElement;
  tools: Record<string, HTMLButtonElement>;
  thumbs: HTMLElement;
}

const MODES = ["scroll", "tone", "zoom", "pan"];
const ACTIONS = ["measure", "presets", "play", "layout", "more"];
const WORD: Record<string, string> = { zoom: "zoomMode" };

export function build(root: HTMLElement): Page {
  const back = element("a.back", { href: "/", "aria-label": say("back") }, icon("back"));
  const title = element("h1.title", {});
  const name = element("button.name", { type: "button", hidden: true });
  const panes = element("main.panes", { "aria-label": say("title") });
  const hint = element("div.hint", { hidden: true, role: "status" });
  const status = element("div.status", { hidden: true, role: "status" });
  const previous = element("button.step", { type: "button", "aria-label": say("previous") }, icon("previous"));
  const next = element("button.step", { type: "button", "aria-label": say("next") }, icon("next"));
  const range = element("input.range", { type: "range", min: "1", max: "1", value: "1", "aria-label": say("slider") });
  const tools: Record<string, HTMLButtonElement> = {};
  for (const each of [...MODES, ...ACTIONS]) tools[each] = tool(each);
  const bar = element("nav.tools", { "aria-label": say("tools") }, ...Object.values(tools));
  const thumbs = element("nav.thumbs", { "aria-label": say("seriesList") });
  const scroller = element("div.scroller", {}, previous, range, next);
  const legal = element("p.legal", {}, say("disclaimer"));
  root.replaceChildren(
    element("header.bar", {}, back, title, name),
    panes,
    element("div.below", {}, status, hint, scroller, bar, thumbs, legal),
  );
  return { root, back, title, name, panes, hint, status, range, previous, next, tools, thumbs };
}

function tool(name: string): HTMLButtonElement {
  const made = element("button.tool", { type: "button" }, icon(name), element("span", {}, say(WORD[name] ?? name)));
  made.dataset.tool = name;
  if (MODES.includes(name)) made.setAttribute("aria-pressed", "false");
  return made;
}
