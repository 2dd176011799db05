// A share that is being thought over: for whom, what, and how it may be opened.
import type { Exam } from "../../api/exams";
import { type Choice, type Part, PARTS, type Share, type Wanted } from "../../api/shares";

export const HOUR = 3600;
export const DAY = 24 * HOUR;
export const FACE_TO_FACE = 600; // seconds that a share without a passcode lives

export interface Draft {
  choices: Choice[];
  seconds: number;
  passcode: boolean;
  download: boolean;
  hidden: boolean; // who it is
}

/** A new one, of that exam or of none yet. */
export function begun(exam: string): Draft {
  const choices = exam ? [{ exam, parts: null, series: null }] : [];
  return { choices, seconds: 7 * DAY, passcode: true, download: true, hidden: false };
}

/** As one that was made before. */
export function likeThat(share: Share): Draft {
  const { choices, masked, allow_download: download, face_to_face: open } = share;
  return { choices, seconds: 7 * DAY, passcode: !open, download, hidden: masked };
}

/** Whoever reads the name needs a passcode, and a week is the most. */
export function settled(draft: Draft): Draft {
  return draft.hidden ? draft : { ...draft, passcode: true, seconds: Math.min(draft.seconds, 7 * DAY) };
}

/** How long it may live, to choose from, in seconds. */
export function lives(draft: Draft): number[] {
  return draft.hidden ? [HOUR, DAY, 7 * DAY, 30 * DAY] : [HOUR, DAY, 3 * DAY, 7 * DAY];
}

/** How long it lives, in seconds. */
export function lifeOf(draft: Draft): number {
  return draft.passcode ? draft.seconds : FACE_TO_FACE;
}

/** As the server is asked for it. */
export function wanted(draft: Draft): Wanted {
  return {
    choices: draft.choices,
    expires_in: lifeOf(draft),
    mask: draft.hidden,
    passcode: draft.passcode ? true : null,
    allow_download: draft.download,
  };
}

/** The parts that an exam has. */
export function partsOf(exam: Exam): Part[] {
  const there: Record<Part, unknown> = { report: exam.report, film: exam.films, images: exam.images };
  return PARTS.filter((part) => there[part]);
}

/** With these parts of those that there are; all of them are said as all. */
export function withParts(choice: Choice, exam: Exam, parts: Part[]): Choice {
  const all = partsOf(exam);
  const chosen = all.filter((part) => parts.includes(part));
  return { ...choice, parts: chosen.length === all.length ? null : chosen };
}

/** With these of all series. */
export function withSeries(choice: Choice, all: string[], uids: string[]): Choice {
  const chosen = all.filter((uid) => uids.includes(uid));
  return { ...choice, series: chosen.length === all.length ? null : chosen };
}
