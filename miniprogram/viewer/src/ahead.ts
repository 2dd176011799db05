// What is fetched before it is looked at: all of the series small, the neighbours of what is seen, then the rest.

import { PIXELS_MAX_BYTES } from "./frames";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { metered } from "./settings";
import type { Viewer } from "./viewer";

const AHEAD = 10;
const BEHIND = 4;
const WORTH_AN_OVERVIEW = 8; // pictures not yet here: fewer are here as soon
const AHEAD_WHEN_METERED = 40; // pictures: no data plan pays for a whole series that may not be looked at
const KEPT_SHARE = 0.7; // of the memory for pixels that may be fetched ahead

export class Ahead {
  private asked = 0;

  constructor(private readonly viewer: Viewer) {}

  /** Something else is looked at; once a frame of the screen, however many panes changed. */
  expect(): void {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => void this.now());
  }

  /** What it should show is there, in its last quality. */
  private isSatisfied({ picture, shown }: Pane): boolean {
    return !picture || (shown?.picture === picture && (shown.full || (!shown.rough && this.viewer.light())));
  }

  private missing({ pictures }: Pane): number {
    return pictures.filter((each) => each.show === "picture" && !this.viewer.frames.has(each)).length;
  }

  private async now(): Promise<void> {
    const { viewer } = this;
    const panes = [viewer.active, ...viewer.panes.filter((pane) => pane !== viewer.active)];
    const small = viewer.saving ? [] : panes.filter((pane) => !pane.moving && this.missing(pane) >= WORTH_AN_OVERVIEW);
    if (!panes.every((pane) => this.isSatisfied(pane))) {
      for (const pane of small) if (pane.gone) void viewer.overviews.of(pane); // who goes on before all is there, wants just that
      return; // what is looked at comes first
    }
    if (viewer.light()) viewer.previews.expect(panes.flatMap((pane) => neighbours(pane).map((picture) => pane.url(picture))));
    if (viewer.saving) return;
    for (const pane of small) await viewer.overviews.of(pane);
    if (viewer.light() || !panes.every((pane) => this.isSatisfied(pane))) return;
    const near = panes.flatMap((pane) => neighbours(pane));
    const rest = panes.flatMap((pane) => (metered() ? neighbours(pane, AHEAD_WHEN_METERED) : everything(pane)));
    viewer.frames.expect(within([...new Set([...near, ...rest])], PIXELS_MAX_BYTES * KEPT_SHARE));
  }
}

/** What will probably be seen next: ahead more than behind. */
function neighbours(pane: Pane, ahead = AHEAD): Picture[] {
  return Array.from({ length: ahead }, (_, step) => step + 1).flatMap((far) => [
    ...at(pane, far),
    ...(far <= BEHIND ? at(pane, -far) : []),
  ]);
}

/** All of its series, the nearest first; near by only every second one is of the way back. */
function everything(pane: Pane): Picture[] {
  const { pictures } = pane;
  const near = pictures.flatMap((_, far) => [...at(pane, far + 1), ...(far % 2 || far >= AHEAD ? at(pane, -far - 1) : [])]);
  return [...near, ...pictures.filter(({ show }) => show === "picture")];
}

/** The picture so many steps on, the way one goes; while it plays, the first follows the last. */
function at({ pictures, index, heading, playing }: Pane, step: number): Picture[] {
  const place = index + step * heading;
  const picture = pictures[playing ? (place + pictures.length) % pictures.length : place];
  return picture?.show === "picture" ? [picture] : [];
}

function within(pictures: Picture[], bytes: number): Picture[] {
  let left = bytes;
  return pictures.filter(({ columns, rows, grey }) => (left -= columns * rows * (grey ? 2 : 4)) > 0);
}
