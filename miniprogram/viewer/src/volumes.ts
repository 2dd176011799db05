// The way into a volume and out of it: whether the series that is looked at is one, and its planes once they are cut.

import { canUnpack, PIXELS_MAX_BYTES } from "./frames";
import type { Reformats } from "./reformats";
import { Failure } from "./server";
import { bytesOf, FEWEST, stackOf, type Refusal, type Stack } from "./stack";
import type { Viewer } from "./viewer";
import { say } from "./words";

export class Volumes {
  open: Reformats | null = null;
  private coming = false;

  constructor(private readonly viewer: Viewer) {}

  /** Why other planes cannot be cut from what is looked at, in words; "" when they can. */
  whyNot(): string {
    const why = this.refusal();
    return why && say(`volume.${why}`, { count: FEWEST });
  }

  private refusal(): Refusal | "noWasm" | "saver" | "memory" | "" {
    if (this.open) return "";
    if (!canUnpack()) return "noWasm";
    if (this.viewer.saving) return "saver";
    const found = this.stack();
    if (typeof found === "string") return found;
    return bytesOf(found, true) > PIXELS_MAX_BYTES ? "memory" : "";
  }

  toggle(): void {
    if (this.open) return this.leave();
    const why = this.whyNot();
    if (why) this.viewer.menus.remark(why);
    else void this.enter();
  }

  leave(): void {
    const { open } = this;
    this.open = null;
    open?.close();
  }

  /** Its scripts come when they are first wanted. */
  private async enter(): Promise<void> {
    const { viewer } = this;
    const { series } = viewer.active;
    const stack = this.stack();
    if (this.coming || !series || typeof stack === "string") return;
    this.coming = true;
    try {
      const { Reformats } = await import("./reformats");
      await Reformats.over(viewer, series, stack);
    } catch (error) {
      viewer.menus.remark(whyFailed(error));
    } finally {
      this.coming = false;
    }
  }

  private stack(): Stack | Refusal {
    const { series, pictures } = this.viewer.active;
    return stackOf(series?.pictures ?? pictures);
  }
}

/** Why a volume that was begun did not come, in words. */
export function whyFailed(error: unknown): string {
  if (!(error instanceof Failure)) return say("offlineEnd"); // its scripts did not come
  const words: Partial<Record<Failure["kind"], string>> = { offline: "offlineEnd", "not-viewable": "volume.values" };
  return say(words[error.kind] ?? "volume.failed");
}
