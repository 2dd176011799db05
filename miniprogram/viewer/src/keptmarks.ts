// The measurements that were made, as long as the page lives.

import type { Mark } from "./measure";
import type { Picture } from "./pictures";

export class KeptMarks {
  private byPicture = new Map<string, Mark[]>();

  /** `changed` is called whenever there are others than before. */
  constructor(private readonly changed: () => void) {}

  of(picture: Picture): Mark[] {
    return this.byPicture.get(picture.key) ?? [];
  }

  find(id: number): Mark | undefined {
    return this.all.find((mark) => mark.id === id);
  }

  get all(): Mark[] {
    return [...this.byPicture.values()].flat();
  }

  add(mark: Mark): void {
    this.byPicture.set(mark.picture.key, [...this.of(mark.picture), mark]);
    this.changed();
  }

  remove(id: number): void {
    for (const [key, marks] of this.byPicture) this.byPicture.set(key, marks.filter((mark) => mark.id !== id));
    this.changed();
  }

  clear(): void {
    this.byPicture.clear();
    this.changed();
  }
}
