// The row of buttons below a volume's planes: which are seen, how thick they are, and the way back.

import { element, icon } from "./elements";
import { plain } from "./dicomjson";
import { VIEWS, type View } from "./planes";
import type { Reformats } from "./reformats";
import { showSheet, type Choice } from "./sheet";
import type { Viewer } from "./viewer";
import type { Slab } from "./volume";
import { word } from "./volumewords";
import { say } from "./words";

const THICK_MM = [0, 2, 5, 10, 20, 40];
const USUAL_MM = 10; // of who asks for the brightest before a thickness
const SLABS: Slab[] = ["mean", "max", "min"];
export const WIDE_PIXELS = 700; // below, three planes would each be smaller than a thumb print is worth

export class Strip {
  private readonly progress = element("span.progress", { role: "progressbar", "aria-label": word("slices"), "aria-valuemin": 0 });
  private readonly buttons = element("span.buttons", {});
  private readonly root = element("div.strip", { role: "group", "aria-label": say("volume") }, this.progress, this.buttons);

  constructor(private readonly viewer: Viewer, private readonly reformats: Reformats) {
    viewer.page.hint.after(this.root);
    this.count();
  }

  remove(): void {
    this.root.remove();
  }

  /** How many slices are here; nothing is said any longer when all are. */
  count(): void {
    const { came, stack } = this.reformats;
    const total = stack.slices.length;
    this.root.dataset.state = came < total ? "coming" : "whole";
    this.progress.hidden = came >= total;
    this.progress.setAttribute("aria-valuenow", String(came));
    this.progress.setAttribute("aria-valuemax", String(total));
    this.progress.textContent = word("coming", { count: came, total });
  }

  refresh(): void {
    const { viewer, reformats } = this;
    const { only, thickness } = reformats;
    const choices: (View | null)[] = innerWidth < WIDE_PIXELS ? VIEWS : [null, ...VIEWS];
    const thick = thickness.mm ? `${word(thickness.slab)} ${plain(thickness.mm)} mm` : word("thickness");
    this.buttons.replaceChildren(
      ...choices.map((view) => this.button(view ?? "three", word(view ?? "three"), () => reformats.show(view), view === only)),
      this.button("thick", thick, () => this.thickness()),
      element("button.end", { type: "button", "aria-label": say("noVolume"), onclick: () => viewer.volumes.leave() }, icon("close"), element("span", {}, word("end"))),
    );
  }

  private button(kind: string, words: string, act: () => void, on?: boolean): HTMLElement {
    const made = element(`button.${kind}` as "button", { type: "button", onclick: act }, element("span", {}, words));
    if (on !== undefined) made.setAttribute("aria-pressed", String(on));
    return made;
  }

  private thickness(): void {
    const { reformats } = this;
    const { mm, slab } = reformats.thickness;
    const thick: Choice[] = THICK_MM.map((each) => ({
      name: each ? `${each} mm` : word("thin"), radio: true, on: each === mm, act: () => reformats.setThickness({ mm: each, slab }),
    }));
    const kinds: Choice[] = SLABS.map((each) => ({
      name: word(each), note: word(`${each}.note`), radio: true, on: each === slab, act: () => reformats.setThickness({ mm: mm || USUAL_MM, slab: each }),
    }));
    showSheet(word("thickness"), [{ title: word("thickness"), choices: thick }, { title: word("kind"), choices: kinds }]);
  }
}
