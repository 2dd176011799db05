// What the dark page says when there is no picture, and what to do then.

import { element, icon, notice } from "./elements.js";
import { say } from "./words.js";

export class Notices {
  constructor(page) {
    this.page = page;
  }

  clear() {
    this.page.notice.replaceChildren();
    this.page.notice.hidden = this.page.banner.hidden = true;
  }

  get warning() {
    return !this.page.banner.hidden;
  }

  /** In place of the picture. */
  say(title, next = "", ...more) {
    this.page.notice.replaceChildren(...notice(title, next, ...more).childNodes);
    this.page.notice.hidden = false;
    this.page.stage.classList.remove("waiting");
  }

  missing() {
    this.say(say("missing"), say("missingNext"));
  }

  /** A failure that trying again may mend. */
  failure(error, again) {
    const words = error.kind === "offline" ? say("offline") : say("failed", { number: error.id?.slice(-4).toUpperCase() || "-" });
    this.say(words, "", this.#retry(again));
  }

  /** An object that is no picture; `download` is how to get it, `opens` how to read it, where it is a document. */
  notViewable(download, opens) {
    if (opens) return this.say(say("isDocument"), "", action(opens), action(download, "quiet"));
    this.say(say("notViewable"), "", action(download));
  }

  /** Over the picture, which stays. `trying`: it mends itself; else a button does. */
  offline(trying, again) {
    this.page.banner.replaceChildren(say("offline"), trying ? "" : this.#retry(again));
    this.page.banner.hidden = false;
  }

  #retry(again) {
    const onclick = () => {
      this.clear();
      again();
    };
    return element("button.button", { type: "button", onclick }, say("retry"));
  }
}

/** A button, or a link that looks like one, of a sheet entry. */
function action({ icon: drawing, name, href, file, act }, look = "") {
  const inside = [drawing ? icon(drawing) : null, name];
  const kind = ["button", look].filter(Boolean).join(".");
  if (!href) return element(`button.${kind}`, { type: "button", onclick: act }, ...inside);
  return element(`a.${kind}`, file ? { href, download: file } : { href, target: "_blank", rel: "noopener" }, ...inside);
}
