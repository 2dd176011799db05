// Asking the server, over DICOMweb (PS3.18) of the same origin; every failure becomes one of a few kinds.

import type { Row } from "./dicomjson";

const ROOT = "/dicom-web";
const ANSWER_WITHIN_MS = 60_000;
const WAIT_MS = [1000, 2000, 4000, 8000, 15_000]; // before another try on a bad network
const TEMPORARY = new Set([408, 429, 502, 503, 504]);

export type Kind = "signed-out" | "ended" | "forbidden" | "missing" | "not-viewable" | "offline" | "failed";
const KINDS: Record<number, Kind> = {
  401: "signed-out", 403: "forbidden", 404: "missing", 406: "not-viewable", 410: "ended", 415: "not-viewable", 422: "not-viewable",
};

export class Failure extends Error {
  constructor(readonly kind: Kind, readonly id = "") {
    super(kind);
  }
}

/** The path of a study, series, instance or frame. */
export function path(study: string, series = "", instance = "", frame = 0): string {
  const parts = [`studies/${study}`];
  if (series) parts.push(`series/${series}`);
  if (instance) parts.push(`instances/${instance}`);
  if (frame) parts.push(`frames/${frame}`);
  return `${ROOT}/${parts.join("/")}`;
}

/** The answer to a GET; throws Failure, or the abort when `signal` says stop. */
export async function get(url: string, accept: string, signal?: AbortSignal, priority: RequestPriority = "auto"): Promise<Response> {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), ANSWER_WITHIN_MS);
  const pass = () => stop.abort();
  signal?.addEventListener("abort", pass, { once: true });
  if (signal?.aborted) stop.abort();
  try {
    const answer = await fetch(url, { headers: { Accept: accept }, signal: stop.signal, credentials: "same-origin", priority });
    if (answer.ok) return answer;
    throw await failure(answer);
  } catch (error) {
    if (error instanceof Failure || signal?.aborted) throw error;
    throw new Failure("offline");
  } finally {
    clearTimeout(patience);
  }
}

async function failure(answer: Response): Promise<Failure> {
  if (TEMPORARY.has(answer.status)) return new Failure("offline");
  const problem = (await answer.json().catch(() => ({}))) as { request_id?: string };
  return new Failure(KINDS[answer.status] ?? "failed", problem.request_id ?? "");
}

/** The same, tried again while the network is bad; `told(true)` hears of each wait, `told(false)` of the end. */
export async function patiently<T>(work: () => Promise<T>, told: (waiting: boolean) => void, signal?: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      const done = await work();
      if (tries) told(false);
      return done;
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "offline" || tries >= WAIT_MS.length || signal?.aborted) throw error;
      told(true);
      await sleep(WAIT_MS[tries] as number, signal);
    }
  }
}

/** Ends early when the network comes back. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal?.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end);
    signal?.addEventListener("abort", end);
  });
}

/** Rows of DICOM JSON. */
export async function rows(url: string, signal?: AbortSignal): Promise<Row[]> {
  const answer = await get(url, "application/dicom+json", signal);
  return answer.status === 204 ? [] : ((await body(() => answer.json())) as Row[]);
}

export async function json<T>(url: string, signal?: AbortSignal): Promise<T> {
  const answer = await get(url, "application/json", signal);
  return (await body(() => answer.json())) as T;
}

export async function blob(url: string, accept: string, signal?: AbortSignal, priority: RequestPriority = "auto"): Promise<Blob> {
  const answer = await get(url, accept, signal, priority);
  return body(() => answer.blob());
}

/** What breaks off in the middle counts as a bad network, too. */
async function body<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new Failure("offline");
  }
}

export interface Part {
  type: string;
  syntax: string;
  bytes: Uint8Array;
}

/** The only part of a multipart answer, or the whole of a single one. */
export async function part(url: string, accept: string, signal?: AbortSignal, priority: RequestPriority = "auto"): Promise<Part> {
  const answer = await get(url, accept, signal, priority);
  const bytes = new Uint8Array(await body(() => answer.arrayBuffer()));
  const kind = answer.headers.get("Content-Type") ?? "";
  return /^multipart\//i.test(kind) ? firstPart(bytes, kind) : named(kind, bytes);
}

function firstPart(bytes: Uint8Array, kind: string): Part {
  const boundary = /boundary="?([^";,]+)"?/i.exec(kind)?.[1] ?? "";
  const begin = find(bytes, ascii("\r\n\r\n"), 0);
  if (begin < 0) throw new Failure("failed");
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, begin));
  const stated = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? NaN);
  const end = Number.isFinite(stated) ? begin + 4 + stated : findLast(bytes, ascii(`\r\n--${boundary}`));
  if (end < begin + 4 || end > bytes.length) throw new Failure("offline");
  return named(/^content-type:\s*(.+)$/im.exec(head)?.[1] ?? "", bytes.subarray(begin + 4, end));
}

function named(kind: string, bytes: Uint8Array): Part {
  const syntax = /transfer-syntax="?([0-9.]+)/i.exec(kind)?.[1] ?? "";
  return { type: (kind.split(";")[0] ?? "").trim().toLowerCase(), syntax, bytes };
}

const ascii = (letters: string) => new TextEncoder().encode(letters);

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = from; at <= bytes.length - wanted.length; at += 1) if (matches(bytes, wanted, at)) return at;
  return -1;
}

function findLast(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at -= 1) if (matches(bytes, wanted, at)) return at;
  return -1;
}

function matches(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let place = 0; place < wanted.length; place += 1) if (bytes[at + place] !== wanted[place]) return false;
  return true;
}
