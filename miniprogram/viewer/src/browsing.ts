// Going through the pictures: one pane, or all of them together.

import type { Pane } from "./pane";
import { frameMs, type Picture } from "./pictures";
import { play } from "./playing";
import { apart, depth, parallel, sameWay, type Plane } from "./space";
import type { Viewer } from "./viewer";

export class Browsing {
  synced = false;
  private anchors = new Map<Pane, number>(); // mm along its normal where each pane stood when they were joined

  constructor(private readonly viewer: Viewer) {}

  step(count: number, pane = this.viewer.active): void {
    this.goTo(pane.index + count, pane);
  }

  goTo(index: number, pane = this.viewer.active): void {
    const before = pane.index;
    void pane.go(index);
    if (this.synced && pane.index !== before) this.follow(pane, pane.index - before);
  }

  toggleSync(): void {
    this.synced = !this.synced;
    this.anchor();
    this.viewer.refresh();
  }

  togglePlay(): void {
    const { active } = this.viewer;
    if (active.playing) active.pause();
    else if (active.pictures.length > 1) void play(active, frameMs);
    this.viewer.refreshPage();
  }

  /** From here on panes of different exams go the same number of mm. */
  anchor(): void {
    this.anchors = new Map(this.viewer.panes.flatMap((pane) => (pane.picture?.plane ? [[pane, depth(pane.picture.plane)]] : [])));
  }

  /** The others go along: to the same place in the patient, in another exam as many mm, where neither is known as many pictures. */
  private follow(pane: Pane, steps: number): void {
    for (const each of this.viewer.panes) {
      if (each === pane || !each.picture) continue;
      void each.go(this.placeFor(each, pane) ?? each.index + steps);
    }
  }

  private placeFor(pane: Pane, leader: Pane): number | null {
    const [ours, theirs] = [pane.picture?.plane, leader.picture?.plane];
    if (!ours || !theirs) return null;
    if (parallel(theirs, ours)) return nearest(pane.pictures, (plane) => apart(theirs, plane));
    const [here, there] = [this.anchors.get(pane), this.anchors.get(leader)];
    if (here === undefined || there === undefined || !sameWay(theirs, ours)) return null;
    const wanted = here + depth(theirs) - there;
    return nearest(pane.pictures, (plane) => Math.abs(depth(plane) - wanted));
  }
}

function nearest(pictures: Picture[], distance: (plane: Plane) => number): number | null {
  let [best, least] = [-1, Infinity];
  pictures.forEach(({ plane }, at) => {
    const far = plane ? distance(plane) : Infinity;
    if (far < least) [best, least] = [at, far];
  });
  return best >= 0 ? best : null;
}
