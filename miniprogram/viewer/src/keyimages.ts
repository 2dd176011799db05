// The pictures that the hospital's key object selections name, and those that the reader stars here.

import { isKey, keyPictures, type Picture } from "./pictures";
import type { Viewer } from "./viewer";

export class KeyImages {
  only = false;
  private keys = new Set<string>();

  constructor(private readonly viewer: Viewer) {}

  has(picture: Picture): boolean {
    return isKey(this.keys, picture);
  }

  /** Those of a series that are looked through now; all of it when none is a key image. */
  shown(pictures: Picture[]): Picture[] {
    const keys = this.only ? pictures.filter((each) => this.has(each)) : [];
    return keys.length ? keys : pictures;
  }

  async find(): Promise<void> {
    const found = await keyPictures(this.viewer.series).catch(() => new Set<string>()); // stars are an extra
    for (const key of found) this.keys.add(key);
    this.viewer.refresh();
  }

  toggle(): void {
    const { picture } = this.viewer.active;
    if (!picture || picture.made) return; // what was made here is in no other's list
    const wasOfAll = this.keys.delete(`${picture.instance}/*`);
    if (!this.keys.delete(picture.key) && !wasOfAll) this.keys.add(picture.key);
    this.viewer.refresh();
  }

  showOnly(on: boolean): void {
    this.only = on;
    const { series, picture } = this.viewer.active;
    if (series) void this.viewer.hanging.hang(this.viewer.active, series, picture?.instance, picture?.frame);
  }
}
