// How large the server should draw a picture: as the stage can show it, and never larger than it is.

import type { Picture } from "./pictures";
import type { Surface } from "./surface";

const STEP = 16; // sizes asked of the server are whole steps, so that a moving address bar does not ask anew
const LONGEST_SIDE = 4096;
const DETAILS = [1, 1.5, 2, 3, 4, 6];
const GLANCE_SIDE = 512; // of the first look, when nothing is known of the picture: all of a slice of a CT

export type Box = [width: number, height: number];

/** Device pixels of the stage, in whole steps; while something moves, those of the page are enough. */
export function stageBox({ width, height, density }: Surface, moving: boolean): Box {
  const step = (side: number) => Math.max(STEP, Math.ceil((side * (moving ? 1 : density)) / STEP) * STEP);
  return [step(width), step(height)];
}

export const glanceBox = ([width, height]: Box): Box => [Math.min(width, GLANCE_SIDE), Math.min(height, GLANCE_SIDE)];

/** What to ask for of this picture: more detail when it is enlarged, nothing that the browser could enlarge itself. */
export function pictureBox([width, height]: Box, picture: Picture, zoom: number, moving: boolean): Box {
  const [wide, high] = natural(picture);
  const fit = Math.min(width / wide, height / high);
  const most = Math.min(zoom, 1 / fit, LONGEST_SIDE / Math.max(width, height));
  const detail = moving ? 1 : (DETAILS.filter((each) => each <= most).pop() ?? 1);
  return [Math.min(Math.round(width * detail), wide), Math.min(Math.round(height * detail), high)];
}

/** True when a first look shows all that the picture has. */
export function shownByGlance(picture: Picture): boolean {
  return Math.max(...natural(picture)) <= GLANCE_SIDE;
}

/** Columns and rows in the shape in which it is drawn. */
function natural({ columns, rows, aspect }: Picture): Box {
  return aspect >= 1 ? [columns, Math.ceil(rows * aspect)] : [Math.ceil(columns / aspect), rows];
}
