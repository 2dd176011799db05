// Kinds of devices and places, as the server tells them in English, in the words of the page.
import { nameOf, page } from ".";

const zh = {
  appOn: (app: string, system: string) => `${system} ${app}`,
  devices: {
    "WeChat mini-program": "微信小程序",
    WeChat: "微信",
    Alipay: "支付宝",
    WeCom: "企业微信",
    DingTalk: "钉钉",
    browser: "浏览器",
    "a program": "程序",
    unknown: "",
    HarmonyOS: "鸿蒙手机",
    Android: "安卓手机",
    iPhone: "iPhone",
    iPad: "iPad",
    Windows: "Windows 电脑",
    Mac: "Mac 电脑",
    Linux: "Linux 电脑",
  },
  places: { "this-machine": "本机", internal: "内部网络", internet: "互联网", unknown: "" },
};

const en: typeof zh = {
  appOn: (app, system) => `${app} on ${system}`,
  devices: {
    "WeChat mini-program": "WeChat mini-program",
    WeChat: "WeChat",
    Alipay: "Alipay",
    WeCom: "WeCom",
    DingTalk: "DingTalk",
    browser: "browser",
    "a program": "a program",
    unknown: "",
    HarmonyOS: "HarmonyOS",
    Android: "Android",
    iPhone: "iPhone",
    iPad: "iPad",
    Windows: "Windows",
    Mac: "Mac",
    Linux: "Linux",
  },
  places: { "this-machine": "this computer", internal: "an inner network", internet: "internet", unknown: "" },
};

export const deviceWords = page(zh, en);

/** `browser on iPhone` is iPhone 浏览器. */
export function sayDevice(say: typeof deviceWords.zh, device: string | null): string {
  const [app, system] = (device || "unknown").split(" on ");
  const said = app in say.devices ? nameOf(say.devices, app, "") : app;
  return system ? say.appOn(said, nameOf(say.devices, system)) : said;
}

/** Where from, as far as an address tells: 互联网 203.0.113.*. */
export function sayPlace(say: typeof deviceWords.zh, place: { kind: string; network: string } | null): string {
  if (!place) {
    return "";
  }
  const network = place.kind === "this-machine" ? "" : place.network;
  return [nameOf(say.places, place.kind, ""), network].filter(Boolean).join(" ");
}
