// One door to the server. In a browser the session is a cookie that no script sees; a mini-program keeps its tokens.
import { current } from "../state/settings";
import { hasOnlyCopies } from "../state/keeping";
import { retrying } from "../state/network";
import { words } from "../words";
import { type Answer, send } from "./transport";
import { forget, renewed, token } from "./tokens";

export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type Kind = "offline" | "login" | "refused" | "missing" | "over" | "busy" | "broken";

const REST_MS = [400, 1200, 3000]; // between tries of a question that changes nothing
const LOGIN = "/api/v1/login/";
const LONGEST_REST_SECONDS = 5;
const KINDS: Record<number, Kind> = { 401: "login", 404: "missing", 410: "over", 429: "busy", 503: "busy" };

/** A call that failed, with words for the reader. */
export class Problem extends Error {
  constructor(
    readonly kind: Kind,
    readonly said: string,
    readonly status = 0,
    readonly body: Record<string, unknown> = {},
  ) {
    super(kind);
  }
}

/** Ask the server; the JSON of its answer, null for an empty one. Throws Problem. */
export async function call<T = unknown>(method: Method, path: string, body?: unknown): Promise<T> {
  const first = await tried(method, path, body);
  const answer = first.status === 401 && !path.startsWith(LOGIN) ? await renewedAnswer(first, method, path, body) : first;
  if (answer.status >= 200 && answer.status < 300) {
    return answer.json as T;
  }
  if (answer.status === 401 && !path.startsWith(LOGIN)) {
    void forget();
  }
  throw problemOf(answer);
}

/** Once more with new tokens, where there are any to have. */
async function renewedAnswer(first: Answer, method: Method, path: string, body: unknown): Promise<Answer> {
  const renewal = await renewed();
  if (renewal === "unknown") {
    return { ...first, status: 0 }; // nobody answered: that is the network's fault, and the login may still be good
  }
  return renewal === "renewed" ? tried(method, path, body) : first;
}

async function tried(method: Method, path: string, body: unknown): Promise<Answer> {
  let over = () => {};
  try {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await send(method, path, headers(body), body);
      const patient = method === "GET" && attempt < REST_MS.length && !hasOnlyCopies();
      const again = patient && (answer.status === 0 || isBriefly(answer));
      if (!again) {
        return answer;
      }
      over();
      over = retrying();
      await rest(Math.max(REST_MS[attempt], answer.retryAfter * 1000));
    }
  } finally {
    over();
  }
}

function headers(body: unknown): Record<string, string> {
  const held = token();
  return {
    "Accept": "application/json",
    "Accept-Language": current().language === "en" ? "en" : "zh-CN",
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(held ? { Authorization: `Bearer ${held}` } : {}),
  };
}

function isBriefly(answer: Answer): boolean {
  return answer.status === 502 || (answer.status === 503 && answer.retryAfter <= LONGEST_REST_SECONDS);
}

function problemOf(answer: Answer): Problem {
  const said = (answer.json || {}) as Record<string, unknown>;
  const say = words();
  if (answer.status === 0) {
    return new Problem("offline", say.offline);
  }
  if (answer.status === 401) {
    return new Problem("login", say.expired, 401, said);
  }
  if (answer.status >= 500 && answer.status !== 503) {
    const number = String(said.request_id || "").replace(/-/g, "").slice(-4).toUpperCase();
    return new Problem("broken", say.broken(number), answer.status, said);
  }
  if (answer.status === 429 && answer.retryAfter > 0) {
    return new Problem("busy", say.tooMany(waitWords(answer.retryAfter)), 429, said);
  }
  const title = typeof said.title === "string" ? said.title : say.broken("");
  const detail = typeof said.detail === "string" && answer.status === 422 ? said.detail : "";
  const place = typeof said.open_at === "string" ? ` ${said.open_at}` : ""; // this site's own address, where a page stands at another
  return new Problem(KINDS[answer.status] || "refused", detail || sentence(title) + place, answer.status, said);
}

/** How long to wait, in the unit that people count in. */
function waitWords(seconds: number): string {
  const say = words();
  if (seconds < 60) {
    return say.waitSeconds(seconds);
  }
  return seconds < 3600 ? say.waitMinutes(Math.ceil(seconds / 60)) : say.waitHours(Math.ceil(seconds / 3600));
}

function sentence(title: string): string {
  return /[。.]$/.test(title) ? title : title + (current().language === "en" ? "." : "。");
}

function rest(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
