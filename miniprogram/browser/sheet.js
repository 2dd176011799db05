// A sheet of choices that opens over the tools, and goes when something else is touched.

import { element, icon } from "./elements.js";

let close = () => {};

/** Opens, or closes when it was open from the same button. `entries`: {icon, name, note, checked, href, file, act}. */
export function openSheet(root, opener, kind, entries) {
  const again = opener.getAttribute("aria-expanded") === "true";
  close();
  if (again) return;
  const sheet = element(`div.sheet.${kind}`, { role: "menu" }, ...entries.filter(Boolean).map(entryOf));
  const outside = (event) => {
    if (!sheet.contains(event.target) && !opener.contains(event.target)) close();
  };
  const keys = (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(sheet, event);
    event.stopPropagation();
  };
  close = () => {
    document.removeEventListener("pointerdown", outside, true);
    opener.setAttribute("aria-expanded", "false");
    if (sheet.contains(document.activeElement)) opener.focus();
    sheet.remove();
    close = () => {};
  };
  sheet.addEventListener("click", () => close());
  sheet.addEventListener("keydown", keys);
  document.addEventListener("pointerdown", outside, true);
  opener.setAttribute("aria-expanded", "true");
  root.append(sheet);
  sheet.firstElementChild?.focus({ preventScroll: true });
}

export function closeSheet() {
  close();
}

function move(sheet, event) {
  const all = [...sheet.children];
  const place = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  all.at(place % all.length)?.focus();
  event.preventDefault();
}

function entryOf({ icon: drawing, name, note, checked, href, file, act }) {
  const inside = [drawing ? icon(drawing) : null, element("span", {}, name), note ? element("small", {}, note) : null];
  if (href) return element("a", { href, download: file, role: "menuitem" }, ...inside);
  const role = checked === undefined ? "menuitem" : "menuitemradio";
  return element("button", { type: "button", role, "aria-checked": String(checked ?? false), onclick: act }, ...inside);
}
