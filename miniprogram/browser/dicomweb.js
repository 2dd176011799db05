// Asking the server, over DICOMweb (PS3.18) of the same origin alone; every failure becomes one of a few kinds.

const ROOT = "/dicom-web";
const ANSWER_WITHIN_MS = 30_000;
const TOKEN = "cloudfilm.token"; // in this tab alone, gone when it closes

const KINDS = { 401: "signed-out", 403: "forbidden", 404: "missing", 406: "not-viewable", 415: "not-viewable", 422: "not-viewable" };
const TEMPORARY = new Set([408, 429, 502, 503, 504]);

/** Why there is no answer. kind: signed-out, forbidden, missing, not-viewable, offline (worth another try), failed. */
export class Failure extends Error {
  constructor(kind, id = "") {
    super(kind);
    this.kind = kind;
    this.id = id; // of the request, to tell whoever looks into it
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (value) => (value ? sessionStorage.setItem(TOKEN, value) : sessionStorage.removeItem(TOKEN)),
};

/** The path of a study, series, instance or frame. */
export function path(study, series, instance, frame) {
  const parts = [`studies/${study}`];
  if (series) parts.push(`series/${series}`);
  if (instance) parts.push(`instances/${instance}`);
  if (frame) parts.push(`frames/${frame}`);
  return `${ROOT}/${parts.join("/")}`;
}

/** The answer to a GET; throws Failure, or AbortError when `signal` says stop. */
export async function get(url, { accept = "*/*", signal } = {}) {
  const headers = { Accept: accept };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  const patience = AbortSignal.timeout(ANSWER_WITHIN_MS);
  let answer;
  try {
    answer = await fetch(url, { headers, signal: signal ? either(signal, patience) : patience });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure("offline");
  }
  if (answer.ok) return answer;
  throw await failure(answer);
}

function either(one, other) {
  const both = new AbortController();
  for (const signal of [one, other]) signal.addEventListener("abort", () => both.abort(signal.reason), { once: true });
  if (one.aborted) both.abort(one.reason);
  return both.signal;
}

async function failure(answer) {
  if (TEMPORARY.has(answer.status)) return new Failure("offline");
  const problem = await answer.json().catch(() => ({}));
  return new Failure(KINDS[answer.status] ?? "failed", problem.request_id ?? "");
}

/** Rows of a search below `where` ("studies", or a path), and whether there are more. */
export async function search(where, parameters = {}, signal) {
  const query = new URLSearchParams(parameters);
  const url = `${where.startsWith("/") ? where : `${ROOT}/${where}`}?${query}`;
  const answer = await get(url, { accept: "application/dicom+json", signal });
  const rows = answer.status === 204 ? [] : await answer.json();
  return { rows, more: answer.headers.get("Warning")?.startsWith("299") ?? false };
}

/** A picture as bytes. */
export async function picture(url, signal) {
  const answer = await get(url, { accept: "image/jpeg", signal });
  return answer.blob();
}
