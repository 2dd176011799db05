// My shares: what, for whom, until when, and who came.
import type { Exam } from "./exams";
import { call } from "./client";

export type Part = "report" | "film" | "images";
export const PARTS: Part[] = ["report", "film", "images"];
const MOST_AT_ONCE = 100; // series
const FINAL = ["final", "corrected"];

/** What of one exam is shared; `parts` and `series` null: all of them. */
export interface Choice {
  exam: string;
  parts: Part[] | null;
  series: string[] | null;
}

export interface Share {
  id: string;
  state: "active" | "early" | "revoked" | "expired" | "locked" | "used";
  extendable: boolean;
  qr: string;
  created_at: string;
  expires_at: string;
  exams: string[];
  choices: Choice[];
  masked: boolean;
  passcode: boolean;
  face_to_face: boolean;
  allow_download: boolean;
  opens: number;
  max_opens: number | null;
  url?: string | null;
  passcode_digits?: string | null;
}

export interface Wanted {
  choices: Choice[];
  expires_in: number;
  mask: boolean;
  passcode: true | null;
  allow_download: boolean;
  confirm_sensitive?: boolean;
}

export interface Visit {
  at: string;
  what: string;
  said: { hospital: string; name: string } | null;
  place: { kind: string; network: string; city: string | null } | null;
  device: string | null;
  exams: { id: string; times: number; downloaded_at: string | null }[];
}

/** An exam as a recipient would see it. */
export interface Shown extends Exam {
  left_out?: string;
  patient: { name: string; sex: string | null; birth_date?: string | null; birth_year?: number | null };
  report_shown: { status: string; findings?: string; impression?: string; notice?: string } | null;
  stays_here: { images: number; films: number };
  pictures: { kind: "film" | "image"; path: string; count: number; description: string; modality: string }[];
}

export interface Series {
  uid: string;
  modality: string;
  description: string;
  count: number;
  picture: string; // where a small picture of it is
}

/** Only what the hospital has finally reported may be shared. */
export function mayBeShared(exam: Exam): boolean {
  return FINAL.includes(exam.report?.status || "");
}

/** Make a share; the digits of its passcode are told this once. */
export function share({ choices, ...more }: Wanted): Promise<Share> {
  return call("POST", "/api/v1/shares", {
    ...more,
    exams: choices.map((each) => each.exam),
    parts: choices.filter((each) => each.parts).map(({ exam, parts }) => ({ exam, parts })),
    series: choices.filter((each) => each.series).map(({ exam, series }) => ({ exam, series })),
  });
}

/** One exam as whoever gets such a share would see it; nothing is made. */
export async function preview(choice: Choice, mask: boolean): Promise<Shown> {
  const said = [`exams=${encodeURIComponent(choice.exam)}`, `mask=${mask}`];
  const more = [choice.parts && `parts=${choice.parts.join(",")}`, choice.series && `series=${choice.series.join(",")}`];
  const answer = await call<{ items: Shown[] }>("GET", `/api/v1/shares/preview?${[...said, ...more].filter(Boolean).join("&")}`);
  return answer.items[0];
}

/** All of mine, newest first. */
export function shares(cursor = ""): Promise<{ items: Share[]; next: string | null }> {
  return call("GET", `/api/v1/shares?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
}

/** One of mine. */
export function one(id: string): Promise<Share> {
  return call("GET", path(id));
}

/** From the next request on nobody sees anything by it. */
export function stop(id: string): Promise<null> {
  return call("DELETE", path(id));
}

/** Let it end so many seconds from now; code and passcode stay. */
export function extend(id: string, seconds: number): Promise<Share> {
  return call("POST", `${path(id)}/extend`, { expires_in: seconds });
}

/** Who came. */
export function visits(id: string): Promise<{ items: Visit[]; next: string | null }> {
  return call("GET", `${path(id)}/visits?limit=50`);
}

/** Eight digits to type on a computer, once, for ten minutes. */
export function pickup(id: string): Promise<{ code: string; expires_at: string }> {
  return call("POST", `${path(id)}/pickup`, {});
}

/** The series of an exam's studies, as DICOMweb tells them (PS3.18 section 10.6). */
export async function seriesOf(exam: Exam): Promise<Series[]> {
  const found = await Promise.all(exam.studies.map(async (study) => (await ask(study)).map((row) => seriesIn(study, row))));
  return found.flat();
}

type Row = Record<string, { Value?: unknown[] } | undefined>;

/** All of a study's: the server tells at most so many at once. */
async function ask(study: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const path = `/dicom-web/studies/${study}/series?limit=${MOST_AT_ONCE}&offset=${rows.length}`;
    const page = (await call<Row[] | null>("GET", path)) || [];
    rows.push(...page);
    if (page.length < MOST_AT_ONCE) {
      return rows;
    }
  }
}

function seriesIn(study: string, row: Row): Series {
  const said = (tag: string) => row[tag]?.Value?.[0];
  const uid = String(said("0020000E") || "");
  return {
    uid,
    modality: String(said("00080060") || ""),
    description: String(said("0008103E") || ""),
    count: Number(said("00201209")) || 0,
    picture: `/dicom-web/studies/${study}/series/${uid}/thumbnail`,
  };
}

function path(id: string): string {
  return `/api/v1/shares/${encodeURIComponent(id)}`;
}
