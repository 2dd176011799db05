// The numbers at the corners of a pane: those of the picture that is seen.

import { day, described, maskedName, number, personName, plain, values } from "./dicomjson";
import { element } from "./elements";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { seriesWords } from "./serieswords";
import { sideOf, times, type Vector } from "./space";
import { tidy } from "./tone";
import type { Viewer } from "./viewer";
import { modalityWord, say } from "./words";

export function refresh(viewer: Viewer, pane: Pane): void {
  const { corners, series } = pane;
  pane.root.setAttribute("aria-label", label(pane));
  pane.root.dataset.quality = pane.shown?.picture === pane.picture && pane.shown ? (pane.shown.full ? "full" : pane.shown.rough ? "small" : "light") : "";
  if (!series) {
    for (const corner of Object.values(corners)) corner.replaceChildren();
    if (pane.over.hidden) pane.over.replaceChildren(element("div.empty", {}, say("empty")));
    pane.over.hidden = viewer.series.length === 0 || pane === viewer.active && viewer.panes.length === 1;
    return;
  }
  const picture = pane.shown?.picture ?? pane.picture;
  const pictured = picture?.show === "picture";
  corners.nw.replaceChildren(...who(viewer, pane));
  corners.ne.replaceChildren(...where(viewer, pane));
  const warned = picture !== null && (picture.made !== undefined || viewer.marksOf(picture).length > 0);
  corners.sw.replaceChildren(...(pictured ? [...made(picture), ...left(pane), ...how(pane)] : []), ...(warned ? [element("div.legal-line", {}, say("disclaimer"))] : []));
  corners.se.replaceChildren(...(pictured ? quality(viewer, pane) : []));
  sides(pane);
}

const line = (words: string, kind = "div") => (words ? element(kind as "div", {}, words) : null);
const lines = (...all: (HTMLElement | null)[]) => all.filter((each): each is HTMLElement => each !== null);

function label(pane: Pane): string {
  if (!pane.series || !pane.picture) return say("pane", { count: pane.number });
  return say("paneOf", { series: seriesWords(pane.series), index: pane.index + 1, total: pane.pictures.length });
}

function who(viewer: Viewer, { series, picture }: Pane): HTMLElement[] {
  const row = picture?.row ?? series?.row;
  const name = personName(values(row, "PatientName")[0]);
  const shown = viewer.namesShown ? name : maskedName(name);
  return lines(line(shown), line([modalityWord(series?.modality ?? ""), day(row)].filter(Boolean).join("  ")), line(described(row, "SeriesDescription"), "div.quiet"));
}

function where(viewer: Viewer, pane: Pane): HTMLElement[] {
  const picture = pane.shown?.picture ?? pane.picture;
  const index = picture ? pane.pictures.indexOf(picture) : -1;
  const count = element("div.count", {}, `${index + 1} / ${pane.pictures.length}`);
  const star = picture && viewer.keys.has(picture) ? element("div.star", {}, `★ ${say("key")}`) : null;
  const thick = picture?.made?.thickness() ?? number(picture?.row, "SliceThickness");
  const at = picture?.plane ? picture.plane.origin[dominant(picture.plane.normal)] : undefined;
  return lines(
    count,
    star,
    line(thick ? say("thickness", { value: plain(thick) }) : "", "div.quiet"),
    line(at !== undefined ? say("place3", { value: plain(at, 1) }) : "", "div.quiet"),
  );
}

const dominant = (normal: Vector): 0 | 1 | 2 => {
  const [x, y, z] = normal.map(Math.abs) as Vector;
  return z >= x && z >= y ? 2 : y >= x ? 1 : 0;
};

/** Who sees what a doctor left must know that, and that there may be more to see without. */
function left(pane: Pane): HTMLElement[] {
  const { left, shown } = pane;
  if (!left) return [];
  const plainly = shown !== null && !shown.full && !pane.window && (left.voi !== null || left.colours !== null); // no server draws these
  return lines(line(`${say("notes")} ${left.label}`.trim(), "div.star"), line(left.missed || plainly ? say("notesMissed") : "", "div.star"));
}

/** Who sees a plane that no device sent must know that. */
const made = (picture: Picture | null): HTMLElement[] => lines(line(picture?.made?.words() ?? "", "div.star"));

function how(pane: Pane): HTMLElement[] {
  const window = pane.shown?.full ? pane.effectiveWindow : (pane.shown?.window ?? pane.effectiveWindow);
  if (!pane.picture?.grey) return [];
  const said = (one: number) => plain(tidy(one, window?.width ?? 0));
  const words = window ? say("window", { center: said(window.center), width: said(window.width) }) : say("windowAuto");
  return lines(line(words, "div.window"));
}

function quality(viewer: Viewer, pane: Pane): HTMLElement[] {
  const light = pane.shown && !pane.shown.full && viewer.light();
  return lines(
    line(light ? say("light") : "", "div.quiet"),
    line(say("zoom", { zoom: pane.surface.posture.zoom.toFixed(1) }), "div.zoom"),
  );
}

/** Letters of the patient's sides at the edges, as the picture hangs now. */
function sides(pane: Pane): void {
  const { picture, surface, corners } = pane;
  const plane = picture?.show === "picture" ? picture.plane : null;
  const [a, b, c, d] = surface.matrix;
  const toward = (right: number, down: number): string => {
    if (!plane) return "";
    // Which way of the picture points there on the screen: the matrix turned round (its inverse, but for a factor).
    const [u, v] = [(d * right - c * down) / (a * d - b * c), (a * down - b * right) / (a * d - b * c)];
    const size = Math.hypot(u, v) || 1;
    const [along, across] = [times(plane.along, u / size), times(plane.down, v / size)];
    return sideOf([along[0] + across[0], along[1] + across[1], along[2] + across[2]]);
  };
  corners.left.textContent = toward(-1, 0);
  corners.top.textContent = toward(0, -1);
}
