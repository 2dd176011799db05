// Signing in by WeChat or Alipay: inside their mini-programs, and in their own browsers where the server can.
import { call, Problem } from "../../api/client";
import { codeOfPlatform, type Platform } from "../../api/platform";

/** WeChat or Alipay when their own browser shows the page and the server can sign in there; null everywhere else. */
export async function platformOfBrowser(): Promise<Platform | null> {
  const agent = process.env.TARO_ENV === "h5" ? navigator.userAgent : "";
  const found = /MicroMessenger/.test(agent) ? "wechat" : /AlipayClient/.test(agent) ? "alipay" : null;
  if (!found) {
    return null;
  }
  const { platforms } = await call<{ platforms: string[] }>("GET", "/api/v1/login/ways");
  return platforms.includes(found) ? found : null;
}

/** A code of one use; throws Problem with `words` where the platform gives none. */
export async function requiredCode(words: string): Promise<string> {
  const code = await codeOfPlatform();
  if (!code) {
    throw new Problem("refused", words);
  }
  return code;
}
