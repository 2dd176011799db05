// A pane whose pictures move by themselves, each as long as it asks for.

import type { Pane } from "./pane";
import type { Picture } from "./pictures";

/** Goes on, the first following the last, until the pane is paused or something else hangs in it. */
export async function play(pane: Pane, milliseconds: (picture: Picture) => number): Promise<void> {
  pane.playing = true;
  const { pictures } = pane;
  while (pane.playing && pictures === pane.pictures && pane.picture) {
    const begun = performance.now();
    await pane.go(pane.index + 1 < pictures.length ? pane.index + 1 : 0);
    const left = milliseconds(pane.picture) - (performance.now() - begun);
    await new Promise((passed) => setTimeout(passed, Math.max(0, left)));
  }
}
