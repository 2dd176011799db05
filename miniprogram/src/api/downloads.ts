// Taking an exam along: what there is, how large it is, and the way to have it on a computer.
import { call } from "./client";

export interface Series {
  uid: string;
  number: number | null;
  description: string;
  modality: string;
  count: number;
  bytes: number;
}

export interface Manifest {
  bytes: number;
  report: { bytes: number } | null;
  films: { n: number; bytes: number }[];
  series: Series[];
}

export interface OnPc {
  address: string;
  code: string;
  expires_at: string;
}

/** What a download of this exam holds. */
export function manifest(exam: string): Promise<Manifest> {
  return call("GET", `${base(exam)}`);
}

/** Where it is as a ZIP; one series of it where that is named. */
export function zipPath(exam: string, series = ""): string {
  return `${base(exam)}.zip${series ? `?series=${encodeURIComponent(series)}` : ""}`;
}

/** An address and a code to type on a computer. */
export function onPc(exam: string): Promise<OnPc> {
  return call("POST", `/api/v1/exams/${encodeURIComponent(exam)}/pc-download`, {});
}

function base(exam: string): string {
  return `/api/v1/exams/${encodeURIComponent(exam)}/download`;
}
