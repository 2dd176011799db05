// How pictures lie on the stage: enlarged, moved, turned, mirrored; alike in all panes that go together.

import { enlarged, flipped, moved, rotated, UPRIGHT, type Point, type Posture } from "./affine";
import { refresh } from "./corners";
import type { Viewer } from "./viewer";

export const ZOOM_STEP = 1.4;
const LARGEST = 16;

export class Postures {
  constructor(private readonly viewer: Viewer) {}

  /** Around a point of the stage, or its middle. */
  zoom(factor: number, at: Point | null = null, pane = this.viewer.active): void {
    const { width, height, posture, actual } = pane.surface;
    const middle = at ?? { x: width / 2, y: height / 2 };
    this.hang(enlarged(posture, factor, middle, width, height, Math.max(LARGEST, actual)), pane);
  }

  move(dx: number, dy: number, pane = this.viewer.active): void {
    const { posture, width, height } = pane.surface;
    this.hang(moved(posture, dx, dy, width, height), pane);
  }

  /** All of the picture fits again; turned and mirrored as it was. */
  restore(pane = this.viewer.active): void {
    const { turned, mirrored } = pane.surface.posture;
    this.hang({ ...UPRIGHT, turned, mirrored }, pane);
  }

  /** A pixel of the picture is a pixel of the screen. */
  actual(pane = this.viewer.active): void {
    this.hang({ ...pane.surface.posture, x: 0, y: 0, zoom: pane.surface.actual }, pane);
  }

  rotate(pane = this.viewer.active): void {
    this.hang({ ...rotated(pane.surface.posture, 90), x: 0, y: 0 }, pane);
  }

  flip(across: boolean, pane = this.viewer.active): void {
    const { posture } = pane.surface;
    this.hang({ ...flipped(posture, across), x: across ? -posture.x : posture.x, y: across ? posture.y : -posture.y }, pane);
  }

  private hang(posture: Posture, pane: typeof this.viewer.active): void {
    const { viewer } = this;
    const { zoom, x, y } = posture;
    const along = viewer.browsing.synced ? viewer.panes.filter((each) => each !== pane && each.series) : [];
    pane.surface.hang(posture);
    for (const each of along) each.surface.hang({ ...each.surface.posture, zoom, x, y });
    for (const each of [pane, ...along]) {
      each.settle();
      refresh(viewer, each);
    }
  }
}
