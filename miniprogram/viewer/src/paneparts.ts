// What a pane is made of on the page: a stage with the picture and what is drawn over it, corners for words, a place for documents.

import { drawn, element } from "./elements";

export type Corner = "nw" | "ne" | "sw" | "se" | "left" | "top";

export class PaneParts {
  readonly canvas = element("canvas.picture", { "aria-hidden": "true" });
  readonly notes = drawn("svg", { class: "notes" });
  readonly lines = drawn("svg", { class: "lines", "aria-hidden": "true" });
  readonly layer = drawn("svg", { class: "marks" });
  readonly stage = element("div.stage", {}, this.canvas, this.notes, this.lines, this.layer);
  readonly over = element("div.over", { hidden: true, tabIndex: 0 }); // documents and notices
  readonly corners: Record<Corner, HTMLElement> = {
    nw: corner("nw"), ne: corner("ne"), sw: corner("sw"), se: corner("se"), left: corner("side-left"), top: corner("side-top"),
  };
  readonly root = element("section.pane", { tabIndex: 0, role: "group" }, this.stage, ...Object.values(this.corners), this.over);
}

const corner = (name: string): HTMLElement => element(`div.corner.${name}` as "div", {});
