// What WeChat's and Alipay's mini-programs say of who holds the phone.
import Taro from "@tarojs/taro";

import { call, Problem } from "../../api/client";

const PLATFORMS = { h5: null, weapp: "wechat", alipay: "alipay" } as const;

/** The platform that we run in; null in a browser. */
export const PLATFORM: "wechat" | "alipay" | null = PLATFORMS[process.env.TARO_ENV];

/** WeChat or Alipay when their own browser shows the page and the server can sign in there; null everywhere else. */
export async function platformOfBrowser(): Promise<"wechat" | "alipay" | null> {
  const agent = process.env.TARO_ENV === "h5" ? navigator.userAgent : "";
  const found = /MicroMessenger/.test(agent) ? "wechat" : /AlipayClient/.test(agent) ? "alipay" : null;
  if (!found) {
    return null;
  }
  const { platforms } = await call<{ platforms: string[] }>("GET", "/api/v1/login/ways");
  return platforms.includes(found) ? found : null;
}

/** A code of one use, which our server trades for who it is; throws Problem with `words`. */
export async function codeOfPlatform(words: string): Promise<string> {
  const code = process.env.TARO_ENV === "alipay" ? await codeOfAlipay() : (await Taro.login().catch(() => ({ code: "" }))).code;
  if (!code) {
    throw new Problem("refused", words);
  }
  return code;
}

declare const my: {
  getAuthCode(asked: { scopes: string; success: (told: { authCode: string }) => void; fail: () => void }): void;
};

function codeOfAlipay(): Promise<string> {
  return new Promise((done) => {
    my.getAuthCode({ scopes: "auth_base", success: (told) => done(told.authCode), fail: () => done("") });
  });
}
