// How a request leaves: fetch in a browser, the platform's own call in a mini-program. Never throws.
import Taro from "@tarojs/taro";

import { answered } from "../state/seen";

export interface Answer {
  status: number; // 0: no answer came
  json: unknown;
  retryAfter: number; // seconds, 0 when nothing was said
}

const PATIENCE_MS = 20_000;
const NOBODY: Answer = { status: 0, json: null, retryAfter: 0 };

/** Send a request and wait for its answer. */
export function send(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  return process.env.TARO_ENV === "h5" ? fetched(method, path, headers, body) : asked(method, path, headers, body);
}

/** Where that path is, for pictures and links. */
export function addressOf(path: string): string {
  return process.env.TARO_ENV === "h5" ? path : SERVER_URL + path;
}

async function fetched(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: stop.signal,
    });
    const text = await answer.text();
    answered(path, answer.headers.get("Cloudfilm-Kept-At") || "");
    return { status: answer.status, json: parsed(text), retryAfter: Number(answer.headers.get("Retry-After")) || 0 };
  } catch {
    return NOBODY;
  } finally {
    clearTimeout(patience);
  }
}

function asked(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Answer> {
  return new Promise((done) => {
    const sent = Taro.request({
      url: addressOf(path),
      method: method as "GET",
      header: headers,
      data: body === undefined ? undefined : JSON.stringify(body),
      dataType: "text",
      timeout: PATIENCE_MS,
      success: (answer) => {
        const said = answer.header || {};
        const retryAfter = Number(said["Retry-After"] || said["retry-after"]) || 0;
        done({ status: answer.statusCode, json: typeof answer.data === "string" ? parsed(answer.data) : answer.data, retryAfter });
      },
      // Alipay calls `fail` for every status that is not 200, and says which in `status`
      fail: (fault) => {
        const told = fault as { status?: number; data?: unknown };
        const json = typeof told.data === "string" ? parsed(told.data) : told.data;
        done(told.status ? { status: told.status, json, retryAfter: 0 } : NOBODY);
      },
    });
    void Promise.resolve(sent).catch(() => undefined); // it fails there too, and was heard above
  });
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
