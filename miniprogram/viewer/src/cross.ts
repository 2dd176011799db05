// The cross in each plane of a volume: where the two others cut it. Drag its middle, or with a mouse a line, and they follow.

import { inverse, through, type Point } from "./affine";
import { drawn } from "./elements";
import type { Pane } from "./pane";
import { VIEWS, type Planes, type View } from "./planes";
import type { Reformats } from "./reformats";

const FINE = matchMedia("(pointer: fine)").matches;
const GRIP_PIXELS = FINE ? 12 : 22; // as wide as a mouse or a thumb needs
const OPEN_PIXELS = 12; // nothing hides what the cross points at

export class Cross {
  private held = { x: true, y: true, dx: 0, dy: 0 };

  constructor(private readonly reformats: Reformats) {}

  draw(pane: Pane): void {
    const planes = this.reformats.viewOf(pane);
    if (!planes || !pane.shown) return pane.lines.replaceChildren();
    const { matrix, columns, rows } = pane.surface;
    const point = planes.pointOf(this.reformats.place);
    const middle = through(matrix, point);
    const line = (which: "x" | "y", ends: Point[]) => this.line(which, this.seenIn(planes, which), middle, ends.map((end) => through(matrix, end)));
    pane.lines.replaceChildren(
      ...line("x", [{ x: point.x, y: 0 }, { x: point.x, y: rows }]),
      ...line("y", [{ x: 0, y: point.y }, { x: columns, y: point.y }]),
      drawn("circle", { class: "grip", "data-cross": "xy", cx: middle.x, cy: middle.y, r: GRIP_PIXELS }),
    );
  }

  /** Which plane a line is: an upright one moves across. */
  private seenIn({ across, down }: Planes, which: "x" | "y"): View {
    const side = which === "x" ? across : down;
    return VIEWS.find((view) => this.reformats.views[view].next.axis === side.axis) as View;
  }

  private line(which: "x" | "y", view: View, middle: Point, ends: Point[]): SVGElement[] {
    return ends.flatMap((end) => {
      const far = Math.hypot(end.x - middle.x, end.y - middle.y);
      if (far <= OPEN_PIXELS) return [];
      const near = { x: middle.x + ((end.x - middle.x) * OPEN_PIXELS) / far, y: middle.y + ((end.y - middle.y) * OPEN_PIXELS) / far };
      const [x1, y1, x2, y2] = [near.x, near.y, end.x, end.y];
      const touch = FINE ? [drawn("line", { class: "grip", "data-cross": which, x1, y1, x2, y2 })] : [];
      return [drawn("line", { class: `cut ${view}`, x1, y1, x2, y2 }), ...touch];
    });
  }

  begin(pane: Pane, at: Point, target: Element): void {
    const planes = this.reformats.viewOf(pane);
    const which = target.closest("[data-cross]")?.getAttribute("data-cross") ?? "xy";
    if (!planes) return;
    const middle = through(pane.surface.matrix, planes.pointOf(this.reformats.place));
    this.held = { x: which.includes("x"), y: which.includes("y"), dx: middle.x - at.x, dy: middle.y - at.y };
  }

  drag(pane: Pane, at: Point): void {
    const { reformats, held } = this;
    const planes = reformats.viewOf(pane);
    if (!planes) return;
    const now = planes.pointOf(reformats.place);
    const point = through(inverse(pane.surface.matrix), { x: at.x + held.dx, y: at.y + held.dy });
    reformats.moveTo(planes.moved(reformats.place, { x: held.x ? point.x : now.x, y: held.y ? point.y : now.y }));
  }
}
