// Signing in, and going on where somebody was stopped: the page that asked for it, else the list.
import Taro from "@tarojs/taro";

const LIST = "/pages/exams/index";
const OF_THE_ROUTER = /^(stamp|\$taroTimestamp)$/;
let wanted = LIST;

/** To the login page; after it, back to the page that stands here now. */
export function signIn(): void {
  const here = Taro.getCurrentInstance().router;
  const name = (here?.path || "").replace(/^\/?(pages\/)?/, "").split(/[/?]/)[0];
  const params = here?.params || {};
  const query = Object.keys(params).filter((each) => !OF_THE_ROUTER.test(each));
  const said = query.map((each) => `${each}=${encodeURIComponent(params[each] || "")}`).join("&");
  wanted = name && name !== "login" ? `/pages/${name}/index${said ? `?${said}` : ""}` : LIST;
  void Taro.redirectTo({ url: "/pages/login/index" });
}

/** On to the page that was wanted, with nothing behind it to go back to. */
export function afterLogin(): void {
  const url = wanted;
  wanted = LIST;
  void Taro.reLaunch({ url });
}
