// Making and changing measurements: strokes of a finger become points, points move by their handles.

import { inverse, through, type Point } from "./affine";
import { POINTS, type Mark, type Tool } from "./measure";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { isTool } from "./gestures";
import type { Viewer } from "./viewer";

const FREEHAND_PIXELS = 4; // between two points of a drawn outline
const SHORTEST_PIXELS = 4; // a stroke below is a tap

type Doing = { what: "draw" } | { what: "handle"; mark: Mark; place: number } | { what: "move"; mark: Mark; from: Point } | null;

export class Drawing {
  draft: Mark | null = null;
  chosen: number | null = null;
  private count = 0;
  private doing: Doing = null;
  private startedAt: Point = { x: 0, y: 0 };
  private settled = 0; // points of the draft that earlier strokes made

  constructor(private readonly viewer: Viewer) {}

  /** True when a finger there takes hold of a mark. */
  takes(target: Element): boolean {
    return target.closest("[data-mark]") !== null;
  }

  begin(pane: Pane, at: Point, target: Element): void {
    this.startedAt = at;
    const point = this.point(pane, at);
    const handle = target.closest("[data-handle]")?.getAttribute("data-handle")?.split("/").map(Number);
    const held = isTool(this.viewer.mode) ? null : target.closest("[data-mark]"); // who draws a new one may begin on an old line
    const mark = this.viewer.marks.find(handle ? (handle[0] as number) : Number(held?.getAttribute("data-mark") ?? NaN));
    if (mark && handle) this.doing = { what: "handle", mark, place: handle[1] as number };
    else if (mark && held) this.doing = { what: "move", mark, from: point };
    else this.stroke(pane, point);
    this.chosen = mark ? mark.id : null;
    this.viewer.redraw();
  }

  private stroke(pane: Pane, point: Point): void {
    const { mode } = this.viewer;
    if (!isTool(mode) || pane.picture?.show !== "picture") return;
    this.doing = { what: "draw" };
    if (this.draft?.picture.key !== pane.picture.key) this.drop();
    this.draft ??= { id: (this.count += 1), tool: mode, points: [], picture: pane.picture };
    this.doing = { what: "draw" };
    this.settled = this.draft.points.length;
    const joined = mode === "angle" && this.settled === 2; // its second side begins where the first ended
    this.draft.points.push(...(mode === "probe" || joined || mode === "freehand" ? [point] : [point, point]));
  }

  drag(pane: Pane, at: Point): void {
    const point = this.point(pane, at);
    const { doing } = this;
    if (!doing) return;
    if (doing.what === "draw") this.stretch(pane, point, at);
    else if (doing.what === "handle") doing.mark.points[doing.place] = point;
    else {
      const [dx, dy] = [point.x - doing.from.x, point.y - doing.from.y];
      doing.mark.points = doing.mark.points.map(({ x, y }) => ({ x: x + dx, y: y + dy }));
      doing.from = point;
    }
    this.viewer.loupe.show(pane, at);
    this.viewer.redraw();
  }

  private stretch(pane: Pane, point: Point, at: Point): void {
    if (!this.draft) return;
    const { points, tool } = this.draft;
    if (tool !== "freehand") points[points.length - 1] = point;
    else if (Math.hypot(at.x - this.startedAt.x, at.y - this.startedAt.y) > FREEHAND_PIXELS) {
      points.push(this.point(pane, at));
      this.startedAt = at;
    }
  }

  end(_pane: Pane, at: Point, tapped: boolean): void {
    this.viewer.loupe.hide();
    const drew = this.doing?.what === "draw";
    this.doing = null;
    if (drew && this.draft) this.finish(this.draft, at, tapped);
    this.viewer.redraw();
  }

  private finish(draft: Mark, at: Point, tapped: boolean): void {
    const short = Math.hypot(at.x - this.startedAt.x, at.y - this.startedAt.y) < SHORTEST_PIXELS;
    if ((tapped || short) && draft.tool !== "probe" && draft.tool !== "freehand" && this.settled < 2) draft.points.splice(this.settled);
    const pointless = short && this.settled === 2 && (draft.tool === "cobb" || draft.tool === "ratio"); // no second line yet
    if (pointless) draft.points.splice(this.settled);
    if (!draft.points.length) return this.drop();
    if (draft.tool === "freehand" && draft.points.length < POINTS.freehand) return this.drop();
    if (draft.points.length < POINTS[draft.tool]) return;
    this.draft = null;
    this.chosen = draft.id;
    this.viewer.keep(draft);
  }

  /** A finished mark, however it was made. */
  add(picture: Picture, tool: Tool, points: Point[]): void {
    this.drop();
    const mark = { id: (this.count += 1), tool, points, picture };
    this.chosen = mark.id;
    this.viewer.keep(mark);
    this.viewer.redraw();
  }

  /** Move a handle by keys; by picture pixels. */
  nudge(id: number, place: number, dx: number, dy: number): void {
    const point = this.viewer.marks.find(id)?.points[place];
    if (!point) return;
    Object.assign(point, { x: point.x + dx, y: point.y + dy });
    this.viewer.redraw();
  }

  /** Forget the stroke that is being drawn: it was the first finger of two. Earlier strokes stay. */
  cancel(): void {
    if (this.doing?.what === "draw" && this.draft) this.draft.points.splice(this.settled);
    if (!this.draft?.points.length) this.draft = null;
    this.doing = null;
    this.viewer.loupe.hide();
    this.viewer.redraw();
  }

  /** Forget what is half drawn. */
  drop(): void {
    this.draft = null;
    this.doing = null;
    this.viewer.loupe.hide();
  }

  private point(pane: Pane, at: Point): Point {
    return through(inverse(pane.surface.matrix), at);
  }
}
