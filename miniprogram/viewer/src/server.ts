// Asking the server, over DICOMweb (PS3.18) of the same origin; every failure becomes one of a few kinds.

import type { Row } from "./dicomjson";
import { described, firstPart, isMultipart, type Part } from "./multipart";

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

/** The only part of a multipart answer, or the whole of a single one. */
export async function part(url: string, accept: string, signal?: AbortSignal, priority: RequestPriority = "auto"): Promise<Part> {
  const answer = await get(url, accept, signal, priority);
  const bytes = new Uint8Array(await body(() => answer.arrayBuffer()));
  const kind = answer.headers.get("Content-Type") ?? "";
  return isMultipart(kind) ? firstPart(bytes, kind) : described(`Content-Type: ${kind}`, bytes);
}
