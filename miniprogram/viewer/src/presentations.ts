// The presentation states of a study: the newest of a picture counts, unless the reader wants to see it without.

import { load, type Picture } from "./pictures";
import { hasOverlays } from "./overlays";
import { isPresentation, madeAt, presented, shuttersOf, stateOf, type Presented, type State } from "./presentation";
import type { Viewer } from "./viewer";

export class Presentations {
  shown = true;
  private states: State[] = []; // the newest first
  private known = new Map<string, Presented | null>();

  constructor(private readonly viewer: Viewer) {}

  /** How a picture was left; null when nobody left it in any way, or the reader wants to see it without. */
  of(picture: Picture): Presented | null {
    return this.shown ? this.left(picture) : null;
  }

  left(picture: Picture): Presented | null {
    if (!this.states.length) return null;
    const known = this.known.get(picture.key);
    if (known !== undefined) return known;
    const found = this.states.map((state) => presented(state, picture)).find((each) => each !== null) ?? null;
    this.known.set(picture.key, found);
    return found;
  }

  /** Read those of the study, and hang what is seen as they say. */
  async find(): Promise<void> {
    const { viewer } = this;
    const places: Picture[] = [];
    for (const series of viewer.series.filter(({ modality }) => modality === "PR")) {
      const pictures = await load(series).catch(() => []); // without it the picture is seen as it came
      places.push(...pictures.filter(({ row }) => isPresentation(row)));
    }
    if (!places.length) return;
    const states = await Promise.all(places.map(stateOf));
    const before = new Set(viewer.panes.filter(({ left }) => left));
    this.states = states.sort((one, other) => madeAt(other.row).localeCompare(madeAt(one.row)));
    this.known.clear();
    for (const pane of viewer.panes) if (pane.left && !before.has(pane)) pane.present();
  }

  /** True when something can be hidden: by a state, or by the image itself. */
  any(picture: Picture): boolean {
    return this.left(picture) !== null || hasOverlays(picture) || shuttersOf(picture.row).length > 0;
  }

  toggle(): void {
    this.shown = !this.shown;
    for (const pane of this.viewer.panes) pane.present();
  }
}
