// The platform that a mini-program runs in, and its word for who holds the phone.
import Taro from "@tarojs/taro";

export type Platform = "wechat" | "alipay";

const PLATFORMS = { h5: null, weapp: "wechat", alipay: "alipay" } as const;

/** The platform that we run in; null in a browser. */
export const PLATFORM: Platform | null = PLATFORMS[process.env.TARO_ENV];

/** A code of one use, which our server trades for who it is; empty where the platform gives none. Nothing is shown. */
export async function codeOfPlatform(): Promise<string> {
  if (process.env.TARO_ENV === "alipay") {
    return codeOfAlipay();
  }
  return process.env.TARO_ENV === "weapp" ? (await Taro.login().catch(() => ({ code: "" }))).code : "";
}

/** What that code is sent as. */
export function saidOfCode(code: string): Record<string, string> {
  return PLATFORM === "alipay" ? { auth_code: code } : { code, flow: "mini" };
}

declare const my: {
  getAuthCode(asked: { scopes: string; success: (told: { authCode: string }) => void; fail: () => void }): void;
};

function codeOfAlipay(): Promise<string> {
  return new Promise((done) => {
    my.getAuthCode({ scopes: "auth_base", success: (told) => done(told.authCode), fail: () => done("") });
  });
}
