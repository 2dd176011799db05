// The way into a volume and out of it: whether the series that is looked at is one, and its planes once they are cut.

import { canUnpack } from "./frames";
import type { Reformats } from "./reformats";
import { FEWEST, stackOf, type Refusal, type Stack } from "./stack";
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

  private refusal(): Refusal | "noWasm" | "saver" | "" {
    if (this.open) return "";
    if (!canUnpack()) return "noWasm";
    if (this.viewer.saving) return "saver";
    const found = this.stack();
    return typeof found === "string" ? found : "";
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
    } catch {
      viewer.menus.remark(say("offlineEnd"));
    } finally {
      this.coming = false;
    }
  }

  private stack(): Stack | Refusal {
    const { series, pictures } = this.viewer.active;
    return stackOf(series?.pictures ?? pictures);
  }
}
