// The tokens of a mini-program: a short one that is sent along, and one that is traded once for the next pair.
import Taro from "@tarojs/taro";

import { endKeeping } from "../state/keeping";
import { codeOfPlatform, PLATFORM, saidOfCode } from "./platform";
import { send } from "./transport";

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export type Renewal = "renewed" | "refused" | "unknown"; // unknown: nobody answered, so nothing is over yet

const KEY = "cloudfilm-tokens";
const BY_PLATFORM = "cloudfilm-by-platform"; // the last login here was by WeChat or Alipay itself
const mini = process.env.TARO_ENV !== "h5";
const HEADERS = { Accept: "application/json", "Content-Type": "application/json" };
let held: Tokens | null = null;
let renewing: Promise<Renewal> | null = null;

/** What is sent along; empty in a browser, whose cookie goes by itself. */
export function token(): string {
  return mini ? read()?.access_token || "" : "";
}

/** Keep the tokens of a login. */
export function keep(tokens: Tokens): void {
  if (mini) {
    held = tokens;
    Taro.setStorageSync(KEY, tokens);
  }
}

/** Somebody signed in: by the platform, which may do so again by itself when the login is over, or by a phone's number. */
export function remember(byPlatform: boolean): void {
  if (byPlatform) {
    Taro.setStorageSync(BY_PLATFORM, true);
  } else {
    Taro.removeStorageSync(BY_PLATFORM);
  }
}

/** Nobody is signed in here any more; nothing of what was seen stays either. */
export async function forget(): Promise<void> {
  if (mini) {
    held = null;
    Taro.removeStorageSync(KEY);
    Taro.removeStorageSync(BY_PLATFORM);
  } else {
    await endKeeping();
  }
}

/** Trade the refresh token. Calls at the same time share one trade: a token counts once. */
export function renewed(): Promise<Renewal> {
  const kept = mini ? read() : null;
  if (!kept) {
    return Promise.resolve("refused");
  }
  renewing = renewing || trade(kept).finally(() => (renewing = null));
  return renewing;
}

async function trade(kept: Tokens): Promise<Renewal> {
  const answer = await send("POST", "/api/v1/session/refresh", HEADERS, { refresh_token: kept.refresh_token });
  if (answer.status === 200) {
    keep(answer.json as Tokens);
    return "renewed";
  }
  if (answer.status !== 401) {
    return "unknown";
  }
  const ended = (answer.json as { signed_out?: boolean } | null)?.signed_out; // by its person: not undone behind their back
  return !ended && PLATFORM && Taro.getStorageSync(BY_PLATFORM) ? byPlatform() : "refused";
}

/** Sign in as before, without a word. */
async function byPlatform(): Promise<Renewal> {
  const code = await codeOfPlatform();
  if (!code) {
    return "refused";
  }
  const answer = await send("POST", `/api/v1/login/${PLATFORM}`, HEADERS, saidOfCode(code));
  if (answer.status === 200) {
    keep(answer.json as Tokens);
    return "renewed";
  }
  return answer.status === 401 ? "refused" : "unknown";
}

function read(): Tokens | null {
  held = held || (Taro.getStorageSync(KEY) as Tokens) || null;
  return held;
}
