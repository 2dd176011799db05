// The series of the study as small pictures below, or beside on a large screen.

import { element } from "./elements";
import { path } from "./server";
import type { Series } from "./pictures";
import { seriesWords } from "./serieswords";
import type { Viewer } from "./viewer";
import { modalityWord, say } from "./words";

const PLAIN = new Set(["SR", "PR", "KO", "DOC", "ECG", "REG", "RTPLAN", "RTSTRUCT", "AU"]);

export class Thumbs {
  private buttons = new Map<Series, HTMLButtonElement>();

  constructor(private readonly viewer: Viewer) {}

  show(): void {
    const { series, study, page, hanging } = this.viewer;
    const { other } = hanging;
    this.buttons = new Map(series.map((each) => [each, this.thumb(each)]));
    const own = series.filter((each) => each.study === study);
    const theirs = series.filter((each) => each.study !== study);
    const which = (word: string) => (other ? element("span.which", {}, say(word)) : "");
    const of = (some: Series[]) => some.map((each) => this.buttons.get(each) as HTMLElement);
    page.thumbs.replaceChildren(which("thisExam"), ...of(own), ...(theirs.length ? [which("otherExam"), ...of(theirs)] : []));
    page.thumbs.hidden = series.length < 2;
    page.root.classList.toggle("alone", series.length < 2);
    this.refresh();
  }

  refresh(): void {
    const hung = new Set(this.viewer.panes.map(({ series }) => series));
    for (const [series, button] of this.buttons) {
      const current = series === this.viewer.active.series;
      if (current && button.getAttribute("aria-current") !== "true") button.scrollIntoView({ block: "nearest", inline: "nearest" });
      button.setAttribute("aria-current", String(current));
      button.classList.toggle("hung", hung.has(series) && !current);
    }
  }

  private thumb(series: Series): HTMLButtonElement {
    const words = seriesWords(series);
    const count = say(PLAIN.has(series.modality) ? "objects" : "images", { count: series.count });
    const picture = element("span.picture", {}, modalityWord(series.modality));
    if (!PLAIN.has(series.modality)) this.draw(series, picture);
    const button = element("button.thumb", { type: "button", "aria-label": `${words}，${count}` }, picture, element("span.words", {}, words), element("span.words", {}, count));
    button.onclick = () => this.viewer.hanging.hangOrSay(this.viewer.active, series);
    return button;
  }

  private draw(series: Series, picture: HTMLElement): void {
    const image = element("img", { alt: "", loading: "lazy", decoding: "async", src: `${path(series.study, series.uid)}/thumbnail` });
    image.onerror = () => image.replaceWith(modalityWord(series.modality));
    image.setAttribute("fetchpriority", "low");
    picture.replaceChildren(image);
  }
}
