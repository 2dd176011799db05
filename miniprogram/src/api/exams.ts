// My exams and their films, as the server tells them.
import { call } from "./client";

export interface Exam {
  id: string;
  hospital: { code: string; name: string };
  category: string;
  modality: string;
  body_part: string;
  item: string;
  performed_at: string;
  campus_name: string | null;
  department_name: string | null;
  state: string;
  state_text: string;
  report: { status: string } | null;
  films: number;
  images: number;
  studies: string[];
}

export interface ExamDetail extends Exam {
  image_bytes?: number; // not of what somebody shared
  visit: { kind: string | null; number: string | null };
  elsewhere_url: string | null;
  help_phone: string | null;
}

export interface ExamQuery {
  hospital: string;
  category: string;
  from: string;
  to: string;
  q: string;
  sort: string;
}

export interface ExamPage {
  items: Exam[];
  next: string | null;
}

export interface FilmPages {
  items: { n: number; width: number; height: number; etag: string }[];
  film: { source: string; made_by_us: boolean } | null;
}

export interface Cell {
  x: number;
  y: number;
  width: number;
  height: number;
  study: string;
  series: string;
  instance: string;
  frame: number;
}

export interface FilmPage {
  n: number;
  width: number;
  height: number;
  cells: Cell[] | null;
}

/** States of an exam whose report is still to come. */
export const WAITING = ["registered", "examined", "in_review", "withdrawn"];

export const ANY: ExamQuery = { hospital: "", category: "", from: "", to: "", q: "", sort: "" };

/** One page of the list; `cursor` is `next` of the page before. */
export function exams(query: ExamQuery, cursor = "", limit = 20): Promise<ExamPage> {
  const asked = { ...query, cursor, limit: String(limit) } as Record<string, string>;
  const said = Object.keys(asked).filter((name) => asked[name]);
  return call("GET", `/api/v1/exams?${said.map((name) => `${name}=${encodeURIComponent(asked[name])}`).join("&")}`);
}

/** One exam of mine. */
export function exam(id: string): Promise<ExamDetail> {
  return call("GET", `/api/v1/exams/${encodeURIComponent(id)}`);
}

/** The pages of its film. */
export function films(id: string): Promise<FilmPages> {
  return call("GET", `/api/v1/exams/${encodeURIComponent(id)}/films`);
}

/** One page, and which image lies where on it. */
export function filmPage(id: string, n: number): Promise<FilmPage> {
  return call("GET", `/api/v1/exams/${encodeURIComponent(id)}/films/${n}`);
}

/** Width of the smallest film that lies ready: soon there on a slow line, and the list has brought it already. */
export const SMALL_FILM = 360;

/** Where a page of film is as a picture, at most so many pixels wide. */
export function filmPath(id: string, n: number, width: number): string {
  return `/api/v1/exams/${encodeURIComponent(id)}/films/${n}.jpg?width=${width}`;
}
