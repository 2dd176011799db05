// Signing in and out.
import { beginKeeping, endKeeping } from "../state/keeping";
import { call } from "./client";
import { keep, type Tokens } from "./tokens";

const mini = process.env.TARO_ENV !== "h5";

/** A code goes to that phone; the challenge that it answers. */
export async function sendCode(phone: string): Promise<string> {
  return (await call<{ challenge: string }>("POST", "/api/v1/login/sms", { phone })).challenge;
}

/** The code that came. A browser then has a cookie that no script sees, for 30 days or until it is closed. */
export async function enterCode(challenge: string, code: string, remember: boolean): Promise<void> {
  const said = mini ? { challenge, code } : { challenge, code, remember };
  keep(await call<Tokens>("POST", "/api/v1/login/sms/verify", said));
  await (remember ? beginKeeping() : endKeeping());
}

/** By the code that WeChat or Alipay gives a mini-program. */
export async function enterBy(way: "wechat" | "alipay", code: string): Promise<void> {
  const said = way === "wechat" ? { code, flow: "mini" } : { auth_code: code };
  keep(await call<Tokens>("POST", `/api/v1/login/${way}`, said));
}
