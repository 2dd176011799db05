// Where the pages are, and how to get there.
import Taro from "@tarojs/taro";

export type PageName = "exams" | "login" | "exam" | "film" | "images" | "used" | (string & {});

/** Open a page; `back` from it comes here again. */
export function open(page: PageName, query: Record<string, string> = {}): void {
  void Taro.navigateTo({ url: address(page, query) });
}

/** Open a page in place of this one. */
export function replace(page: PageName, query: Record<string, string> = {}): void {
  void Taro.redirectTo({ url: address(page, query) });
}

/** One page back; to the list where there is none, as after a link of a message. */
export function back(): void {
  if (Taro.getCurrentPages().length > 1) {
    void Taro.navigateBack();
    return;
  }
  void Taro.reLaunch({ url: address("exams") });
}

/** To the viewer, at a study or at one image of it. What stands behind the # no server sees. */
export function openViewer(place: Record<string, string>): void {
  const fragment = query(place);
  if (process.env.TARO_ENV === "h5") {
    window.location.href = `/viewer/#${fragment}`;
    return;
  }
  open("web", { to: "viewer", at: fragment });
}

function address(page: PageName, asked: Record<string, string> = {}): string {
  const said = query(asked);
  return `/pages/${page}/index${said ? `?${said}` : ""}`;
}

function query(asked: Record<string, string>): string {
  return Object.keys(asked)
    .filter((name) => asked[name] !== "")
    .map((name) => `${name}=${encodeURIComponent(asked[name])}`)
    .join("&");
}
