// While a finger draws, it hides what it points at: this shows that place, enlarged, beside it.

import { element } from "./elements";
import type { Point } from "./affine";
import type { Pane } from "./pane";

const LARGER = 2.5;
const MARGIN = 140; // CSS pixels: where the finger is this near to the left corner, the loupe goes to the right

export class Loupe {
  private canvas = element("canvas.loupe.left", { hidden: true, "aria-hidden": "true" });

  show(pane: Pane, at: Point): void {
    if (matchMedia("(pointer: fine)").matches) return; // a mouse hides nothing
    const { canvas } = this;
    if (canvas.parentElement !== pane.root) pane.root.append(canvas);
    canvas.hidden = false;
    canvas.className = at.x < MARGIN * 1.3 && at.y < MARGIN * 1.3 ? "loupe right" : "loupe left";
    const source = pane.surface.canvas;
    const density = source.width / pane.surface.width;
    const side = Math.round(canvas.clientWidth * density) || 1;
    if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const part = side / LARGER;
    context.clearRect(0, 0, side, side);
    context.drawImage(source, at.x * density - part / 2, at.y * density - part / 2, part, part, 0, 0, side, side);
    context.strokeStyle = "#6fd3d6";
    context.beginPath();
    context.moveTo(side / 2, side * 0.35);
    context.lineTo(side / 2, side * 0.65);
    context.moveTo(side * 0.35, side / 2);
    context.lineTo(side * 0.65, side / 2);
    context.stroke();
  }

  hide(): void {
    this.canvas.hidden = true;
  }
}
