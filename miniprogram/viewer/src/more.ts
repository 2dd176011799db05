// What is needed less often, under one button.

import { canUnpack } from "./frames";
import { ZOOM_STEP } from "./postures";
import { elder } from "./settings";
import { showSheet, type Choice, type Section } from "./sheet";
import type { Viewer } from "./viewer";
import { say } from "./words";

export function showMore(viewer: Viewer): void {
  const sections: Section[] = [
    { title: say("more.size"), choices: size(viewer) },
    { title: say("more.look"), choices: look(viewer) },
    { title: say("more.marked"), choices: marked(viewer) },
    { title: say("more.page"), choices: page(viewer) },
  ];
  showSheet(say("more"), sections);
}

function size(viewer: Viewer): Choice[] {
  const { postures } = viewer;
  const off = !isPicture(viewer);
  const mode = (one: "zoom" | "pan", word: string): Choice => ({ icon: one, name: say(word), radio: true, on: viewer.mode === one, off, act: () => viewer.setMode(one) });
  return [
    mode("zoom", "zoomMode"),
    mode("pan", "pan"),
    { icon: "plus", name: say("zoomIn"), off, stay: true, act: () => postures.zoom(ZOOM_STEP) },
    { icon: "minus", name: say("zoomOut"), off, stay: true, act: () => postures.zoom(1 / ZOOM_STEP) },
    { icon: "fit", name: say("fit"), off, act: () => postures.restore() },
    { icon: "actual", name: say("actual"), off, act: () => postures.actual() },
  ];
}

function look(viewer: Viewer): Choice[] {
  const { postures, active } = viewer;
  const off = !isPicture(viewer);
  const edge = (kind: "sharpen" | "smooth"): Choice => ({
    icon: kind, name: say(kind), on: active.edge === kind, off,
    act: () => active.setLook({ edge: active.edge === kind ? "none" : kind }),
  });
  return [
    { icon: "rotate", name: say("rotate"), off, stay: true, act: () => postures.rotate() },
    { icon: "mirror", name: say("mirror"), off, act: () => postures.flip(true) },
    { icon: "flip", name: say("flip"), off, act: () => postures.flip(false) },
    { icon: "invert", name: say("invert"), on: active.inverted, off, act: () => active.setLook({ inverted: !active.inverted }) },
    edge("sharpen"),
    edge("smooth"),
    { icon: "reset", name: say("reset"), off, act: () => active.reset() },
  ];
}

function marked(viewer: Viewer): Choice[] {
  const { keys, presentations, active } = viewer;
  const { picture, pictures } = active;
  const starred = picture !== null && keys.has(picture);
  const made = picture?.made !== undefined;
  const noted = picture !== null && presentations.any(picture);
  return [
    { icon: "star", name: say(starred ? "unmarkKey" : "markKey"), off: !isPicture(viewer) || made, act: () => keys.toggle() },
    { icon: "star", name: say("keyOnly"), on: keys.only, off: made || (!keys.only && !pictures.some((each) => keys.has(each))), act: () => keys.showOnly(!keys.only) },
    { icon: "notes", name: say("notes"), on: noted && presentations.shown, off: !noted, act: () => presentations.toggle() },
  ];
}

function page(viewer: Viewer): Choice[] {
  const { menus, namesShown } = viewer;
  const { picture } = viewer.active;
  return [
    { icon: "saver", name: say("saver"), on: viewer.light(), off: !canUnpack(), act: () => menus.save(!viewer.light()) },
    { icon: namesShown ? "hidden" : "eye", name: say(namesShown ? "hideName" : "name"), act: () => viewer.showNames(!namesShown) },
    { icon: "large", name: say("large"), on: elder(), act: () => menus.enlarge() },
    { icon: "language", name: say("english"), act: () => menus.translate() },
    { icon: "download", name: say("download"), off: !picture || picture.made !== undefined, act: () => picture && void menus.download(picture) },
    { icon: "help", name: say("help"), act: () => menus.help() },
  ];
}

const isPicture = ({ active }: Viewer): boolean => active.picture?.show === "picture";
