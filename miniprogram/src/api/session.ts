// Signing in and out.
import { beginKeeping, endKeeping } from "../state/keeping";
import { call } from "./client";
import { type Platform, saidOfCode } from "./platform";
import { keep, remember, type Tokens } from "./tokens";

const mini = process.env.TARO_ENV !== "h5";

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
