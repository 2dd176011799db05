// The tokens of a mini-program: a short one that is sent along, and one that is traded once for the next pair.
import Taro from "@tarojs/taro";

import { endKeeping } from "../state/keeping";
import { send } from "./transport";

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

const KEY = "cloudfilm-tokens";
const mini = process.env.TARO_ENV !== "h5";
let held: Tokens | null = null;
let renewing: Promise<boolean> | null = null;

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

/** Nobody is signed in here any more; nothing of what was seen stays either. */
export async function forget(): Promise<void> {
  if (mini) {
    held = null;
    Taro.removeStorageSync(KEY);
  } else {
    await endKeeping();
  }
}

/** Trade the refresh token; true when there are new ones. Calls at the same time share one trade: a token counts once. */
export function renewed(): Promise<boolean> {
  const kept = mini ? read() : null;
  if (!kept) {
    return Promise.resolve(false);
  }
  renewing = renewing || trade(kept).finally(() => (renewing = null));
  return renewing;
}

async function trade(kept: Tokens): Promise<boolean> {
  const headers = { "Accept": "application/json", "Content-Type": "application/json" };
  const answer = await send("POST", "/api/v1/session/refresh", headers, { refresh_token: kept.refresh_token });
  if (answer.status !== 200) {
    return false;
  }
  keep(answer.json as Tokens);
  return true;
}

function read(): Tokens | null {
  held = held || (Taro.getStorageSync(KEY) as Tokens) || null;
  return held;
}
