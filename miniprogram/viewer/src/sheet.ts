// A panel that rises from below with choices, each a drawing and its word.

import { element, icon } from "./elements";
import { say } from "./words";

export interface Choice {
  icon?: string;
  name: string;
  note?: string;
  on?: boolean; // of a switch or of one among several
  radio?: boolean;
  off?: boolean; // cannot be chosen now
  href?: string;
  act?: () => void;
  stay?: boolean; // the panel stays open
}

/** Choices under a heading. */
export interface Section {
  title: string;
  choices: Choice[];
}

let open: HTMLElement | null = null;
let before: Element | null = null;

/** Show it; `content` is choices, several kinds of them, or something else that fills it. */
export function showSheet(title: string, content: Choice[] | Section[] | Node, wide = false): void {
  closeSheet();
  before = document.activeElement;
  const close = element("button.close", { type: "button", onclick: closeSheet, "aria-label": say("close") }, icon("close"));
  const inside = content instanceof Node ? content : menu(content, wide);
  open = element("div.sheet", { role: "dialog", "aria-modal": "true", "aria-label": title }, element("header", {}, element("h2", {}, title), close), inside);
  const shade = element("div.shade", { onclick: closeSheet });
  document.body.append(element("div.sheet-place", {}, shade, open));
  open.addEventListener("keydown", kept);
  (open.querySelector<HTMLElement>("[aria-checked=true]:not(:disabled)") ?? open.querySelector<HTMLElement>(".choices button:not(:disabled), .choices a") ?? close).focus();
}

function menu(content: Choice[] | Section[], wide: boolean): HTMLElement {
  const kind = wide ? "div.choices.list" : "div.choices";
  if (!isSections(content)) return element(kind as "div", { role: "menu" }, ...content.map(button));
  const groups = content.flatMap(({ title, choices }) => [
    element("h3", { "aria-hidden": "true" }, title),
    element(kind as "div", { role: "group", "aria-label": title }, ...choices.map(button)),
  ]);
  return element("div", { role: "menu" }, ...groups);
}

const isSections = (content: Choice[] | Section[]): content is Section[] => content.some((each) => "choices" in each);

export function closeSheet(): void {
  if (!open) return;
  open.parentElement?.remove();
  open = null;
  if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
}

export const sheetIsOpen = (): boolean => open !== null;

function button(choice: Choice): HTMLElement {
  const inside = [choice.icon ? icon(choice.icon) : null, element("span", {}, choice.name), choice.note ? element("small", {}, choice.note) : null];
  if (choice.href) return element("a.choice", { href: choice.href, role: "menuitem", target: "_blank", rel: "noopener", onclick: closeSheet }, ...inside);
  const role = choice.radio ? "menuitemradio" : choice.on === undefined ? "menuitem" : "menuitemcheckbox";
  const made = element("button.choice", { type: "button", role, disabled: choice.off === true }, ...inside);
  if (choice.on !== undefined) made.setAttribute("aria-checked", String(choice.on));
  made.onclick = () => {
    if (!choice.stay) closeSheet();
    choice.act?.();
  };
  return made;
}

/** Escape closes, Tab stays inside, arrows move. */
function kept(event: KeyboardEvent): void {
  event.stopPropagation();
  if (event.key === "Escape") return closeSheet();
  const all = [...(open?.querySelectorAll<HTMLElement>("button:not(:disabled), a[href], [tabindex='0']") ?? [])];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Tab: event.shiftKey ? -1 : 1 }[event.key];
  if (!step || (event.key !== "Tab" && all.length < 2)) return; // what is only read scrolls by its keys
  event.preventDefault();
  all[(at + step + all.length) % all.length]?.focus();
}
