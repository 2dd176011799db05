// Where the active pane's picture cuts those of the others, as a line in each of them.

import { through, type Point } from "./affine";
import { drawn } from "./elements";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { crossing } from "./space";
import type { Viewer } from "./viewer";

export function drawCrossLines(viewer: Viewer): void {
  for (const pane of viewer.panes) drawCrossLine(viewer, pane);
}

/** In one of them; a volume's planes have their own lines, which can be dragged. */
export function drawCrossLine({ active, referenceLines, volumes }: Viewer, pane: Pane): void {
  if (volumes.open) return volumes.open.drawCross(pane);
  const line = referenceLines && pane !== active ? lineIn(active.picture, pane.picture) : null;
  const [one, other] = (line ?? []).map((point) => through(pane.surface.matrix, point)) as [Point?, Point?];
  pane.lines.replaceChildren(...(one && other ? [drawn("line", { x1: one.x, y1: one.y, x2: other.x, y2: other.y })] : []));
}

/** In picture coordinates of `shown`. */
function lineIn(active: Picture | null, shown: Picture | null): [Point, Point] | null {
  if (!active?.plane || !active.spacing || !shown?.plane || !shown.spacing) return null;
  return crossing(
    { plane: active.plane, spacing: active.spacing, columns: active.columns, rows: active.rows },
    { plane: shown.plane, spacing: shown.spacing, columns: shown.columns, rows: shown.rows },
  );
}
