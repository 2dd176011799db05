// The values around the picture: what it is, which of how many, window, zoom; and which tools make sense now.

import { icon } from "./elements.js";
import { plain } from "./values.js";
import { choices, windowable } from "./windows.js";
import { say } from "./words.js";

const ZOOM_DIGITS = 1;

/** Bring the page up to what the film shows. The numbers are those of the picture that is seen, not of one still on its way. */
export function refresh(page, film, stage) {
  const { items, index, shown, item } = film;
  const count = items.length;
  page.slider.classList.toggle("one", count < 2);
  Object.assign(page.range, { max: Math.max(1, count), value: index + 1 });
  page.range.setAttribute("aria-valuetext", say("position", { index: index + 1, count }));
  page.ne.textContent = count ? `${(item.viewable && shown ? shown.index : index) + 1} / ${count}` : "";
  page.sw.textContent = item?.viewable ? windowWords(film) : "";
  page.se.textContent = item?.viewable ? say("zoom", { zoom: stage.zoom.toFixed(ZOOM_DIGITS) }) : "";
  tools(page, film, count);
}

function tools(page, film, count) {
  const grey = isGrey(film);
  page.tools.tone.disabled = !grey;
  page.tools.presets.disabled = !grey || !choices(film.described, film.item.frame).length;
  page.tools.play.disabled = count < 2;
  const word = film.playing ? "pause" : "play";
  if (page.tools.play.dataset.word === word) return;
  page.tools.play.dataset.word = word;
  page.tools.play.replaceChildren(icon(word), say(word));
}

/** True when windows mean something for what is seen. */
export function isGrey(film) {
  return Boolean(film.item?.viewable && film.described && windowable(film.described));
}

function windowWords(film) {
  if (!isGrey(film)) return "";
  const { center, width } = film.effectiveWindow ?? {};
  return width ? say("window", { center: plain(center), width: plain(width) }) : say("windowAuto");
}
