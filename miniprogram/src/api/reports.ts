// The report of an exam, as the server tells it.
import { call } from "./client";

export interface Piece {
  op: "same" | "added" | "removed";
  text: string;
}

export interface Report {
  status: "preliminary" | "final" | "corrected" | "withdrawn";
  version: number;
  findings?: string;
  impression?: string;
  reporting_doctor?: string;
  verifying_doctor?: string;
  reported_at?: string | null;
  verified_at?: string | null;
  pdf?: boolean;
  picture?: boolean;
  changes?: { findings: Piece[]; impression: Piece[] } | null;
  help_phone?: string | null;
}

export interface Term {
  term: string;
  meaning: string;
  source: string;
  places: { in: "findings" | "impression"; begin: number; end: number }[];
}

/** The newest one. */
export function report(exam: string): Promise<Report> {
  return call("GET", `${base(exam)}`);
}

/** What its words mean; `notice` is what must stand beside. */
export function terms(exam: string): Promise<{ items: Term[]; notice: string }> {
  return call("GET", `${base(exam)}/terms`);
}

/** Where it is as PDF. */
export function pdfPath(exam: string): string {
  return `${base(exam)}.pdf`;
}

/** Where the picture is that came with it. */
export function picturePath(exam: string): string {
  return `${base(exam)}/picture`;
}

function base(exam: string): string {
  return `/api/v1/exams/${encodeURIComponent(exam)}/report`;
}
