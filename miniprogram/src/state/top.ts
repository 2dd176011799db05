// A page that shows something else now begins at its head.
import Taro from "@tarojs/taro";

/** Scroll the page to its head. */
export function toTop(): void {
  if (process.env.TARO_ENV === "h5") {
    document.querySelectorAll(".taro_page").forEach((each) => each.scrollTo(0, 0));
    return;
  }
  void Taro.pageScrollTo({ scrollTop: 0, duration: 0 });
}
