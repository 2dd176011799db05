// Where to go on after signing in: the page that asked for it, else the list.
import Taro from "@tarojs/taro";

/** To the list of exams, with nothing behind it to go back to. */
export function afterLogin(): void {
  void Taro.reLaunch({ url: "/pages/exams/index" });
}
