// Signing in and out.
import { beginKeeping, endKeeping } from "../state/keeping";
import { call } from "./client";
import { type Platform, saidOfCode } from "./platform";
import { keep, remember, type Tokens } from "./tokens";

const mini = process.env.TARO_ENV !== "h5";

interface Offered {
  kind: string;
  version: string;
  agreed: boolean | null;
}

/** Who signed in has read the privacy policy and ticked it just now: that goes on record, once for each text. */
export async function recordConsent(): Promise<void> {
  const { items } = await call<{ items: Offered[] }>("GET", "/api/v1/me/consents");
  const text = items.find(({ kind, agreed }) => kind === "privacy" && agreed !== true);
  if (text) {
    await call("POST", "/api/v1/me/consents", { kind: text.kind, version: text.version, agree: true });
  }
}

/** A code goes to that phone; the challenge that it answers. */
export async function sendCode(phone: string): Promise<string> {
  return (await call<{ challenge: string }>("POST", "/api/v1/login/sms", { phone })).challenge;
}

/** The code that came. A browser then has a cookie that no script sees, for 30 days or until it is closed. */
export async function enterCode(challenge: string, code: string, remembered: boolean): Promise<void> {
  const said = mini ? { challenge, code } : { challenge, code, remember: remembered };
  keep(await call<Tokens>("POST", "/api/v1/login/sms/verify", said));
  if (mini) {
    remember(false);
  } else {
    await (remembered ? beginKeeping() : endKeeping());
  }
}

/** By the code that WeChat or Alipay gives a mini-program. */
export async function enterBy(way: Platform, code: string): Promise<void> {
  keep(await call<Tokens>("POST", `/api/v1/login/${way}`, saidOfCode(code)));
  remember(true);
}
