// What is no picture, in the place of one: documents, reports, waveforms; and what there is to say when nothing can be shown.

import { element } from "./elements";
import { isPresentation } from "./presentation";
import type { Pane } from "./pane";
import type { Picture } from "./pictures";
import { path, type Failure } from "./server";
import { say } from "./words";
import type { Viewer } from "./viewer";

export async function showDocument(viewer: Viewer, pane: Pane, picture: Picture): Promise<void> {
  const put = (content: HTMLElement) => {
    if (pane.picture === picture) pane.over.replaceChildren(content);
  };
  pane.over.replaceChildren();
  pane.over.hidden = false;
  if (picture.show === "pdf") return put(pdf(picture));
  if (picture.show === "report") return put((await import("./report")).report(picture.row));
  if (picture.show === "ecg") {
    const { ecg } = await import("./ecg");
    put(await ecg(picture).catch((failure: Failure) => notice(words(failure, viewer), again(pane))));
    return;
  }
  if (isPresentation(picture.row)) return put(notice([say("notesTitle"), say("notesNext")]));
  put(notice([say("notViewable")], download(picture)));
}

function pdf(picture: Picture): HTMLElement {
  const href = `${path(picture.study, picture.series, picture.instance)}/rendered`;
  const open = element("a.main-button", { href, target: "_blank", rel: "noopener", type: "application/pdf" }, say("openPdf"));
  return notice([say("pdf"), say("pdf.next")], open, download(picture));
}

/** The words for a failure in its pane, and what can be done. `reason` says more than its kind where that is known. */
export function showFailure(viewer: Viewer, pane: Pane, failure: Failure, reason = ""): void {
  const said = reason ? [say(reason), say(`${reason}Next`)] : words(failure, viewer);
  const { picture } = pane;
  const more =
    failure.kind === "not-viewable" && picture ? download(picture)
    : failure.kind === "offline" || failure.kind === "failed" ? again(pane)
    : element("a.main-button", { href: "/" }, say("home"));
  if (failure.kind === "offline" && pane.shown) {
    viewer.page.status.hidden = false;
    viewer.page.status.replaceChildren(element("span", {}, say("offlineEnd")), element("button", { type: "button", onclick: () => retry(viewer, pane) }, say("retry")));
    return;
  }
  pane.over.hidden = false;
  pane.over.replaceChildren(notice(said, more));
}

function words(failure: Failure, viewer: Viewer): string[] {
  switch (failure.kind) {
    case "signed-out":
      return [say("signedOut"), say("signedOutNext")];
    case "ended":
      return [say("ended"), say("endedNext")];
    case "forbidden":
      return [say("forbidden"), say("forbiddenNext")];
    case "missing":
      return [say("missing"), say("missingNext")];
    case "not-viewable":
      return [say("notViewable")];
    case "offline":
      return [say("offlineEnd"), viewer.series.length ? "" : ""];
    case "failed":
      return [say("failed", { number: failure.id.slice(0, 8) || "-" })];
  }
}

function notice([title, next]: string[], ...more: HTMLElement[]): HTMLElement {
  return element("div.notice", { role: "status" }, element("h2", {}, title), next ? element("p", {}, next) : null, ...more);
}

const download = ({ study, series, instance }: Picture) =>
  element("a.main-button", { href: `${path(study, series, instance)}?accept=application/dicom`, download: "" }, say("download"));

const again = (pane: Pane) => element("button.main-button", { type: "button", onclick: () => (pane.series ? void pane.ask() : location.reload()) }, say("retry"));

function retry(viewer: Viewer, pane: Pane): void {
  viewer.offline(false);
  void pane.ask();
}
