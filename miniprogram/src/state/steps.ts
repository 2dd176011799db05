// The phone's own back goes a step back in a page, or shuts what it has open, before it leaves the page.
//
// In a browser every step is an entry of the history at the page's own address, of which the router never hears. A mini-program
// cannot keep its reader from leaving: WeChat's asks first, where a page says what would be lost.
import Taro, { useDidHide, useDidShow } from "@tarojs/taro";
import { useEffect, useRef } from "react";

interface Place {
  address: string;
  key: unknown; // the router's own, of this visit to the page
  depth: number;
  onBack: (depth: number) => void;
}

type Entry = { key?: unknown; step?: number } | null;

let shown: Place | null = null;
let travelling = false; // we asked the history to go somewhere, and it is not there yet

if (process.env.TARO_ENV === "h5") {
  window.addEventListener("popstate", heard, true); // before the router's, so this file is imported first
}

/** A page that is `depth` steps into something; `onBack` is told to which of them its reader went back. */
export function useSteps(depth: number, onBack: (depth: number) => void, lost = ""): void {
  const own = useRef<Place>({ address: "", key: undefined, depth: 0, onBack }).current;
  own.onBack = onBack;
  useDidShow(() => arrive(own));
  useDidHide(() => leave(own));
  useEffect(() => {
    arrive(own);
    return () => leave(own);
  }, []);
  useEffect(() => {
    own.depth = depth;
    if (shown === own) {
      agree(own);
    }
  }, [depth]);
  useEffect(() => (process.env.TARO_ENV === "weapp" && lost && depth > 0 ? askBeforeLeaving(lost) : undefined), [depth > 0, lost]);
}

function arrive(own: Place): void {
  if (process.env.TARO_ENV === "h5") {
    shown = own;
    own.address = window.location.href;
    own.key = entry()?.key;
    follow(own, entry());
  }
}

function leave(own: Place): void {
  if (shown === own) {
    shown = null;
  }
}

function heard(event: PopStateEvent): void {
  const ours = travelling;
  travelling = false;
  const state = event.state as Entry;
  if (!shown || window.location.href !== shown.address || state?.key !== shown.key) {
    return; // another page: the router's
  }
  event.stopImmediatePropagation();
  if (ours) {
    agree(shown);
  } else {
    follow(shown, state);
  }
}

/** The reader went back: so does the page. Forward there is nothing any more. */
function follow(own: Place, state: Entry): void {
  const depth = state?.step || 0;
  if (depth < own.depth && !travelling) {
    own.depth = depth;
    own.onBack(depth);
    return;
  }
  agree(own);
}

/** The page went on or back by itself, or was loaded anew: so does the history. */
function agree(own: Place): void {
  if (process.env.TARO_ENV !== "h5" || travelling) {
    return;
  }
  const there = entry()?.step || 0;
  if (there > own.depth) {
    travelling = true;
    window.history.go(own.depth - there);
  }
  for (let step = there + 1; step <= own.depth; step += 1) {
    window.history.pushState({ ...entry(), step }, "");
  }
}

function entry(): Entry {
  return window.history.state as Entry;
}

/** WeChat asks before its own back and the phone's, until what comes back is called; a swipe from the edge it lets through. */
function askBeforeLeaving(message: string): (() => void) | undefined {
  if (!Taro.canIUse("enableAlertBeforeUnload")) {
    return undefined;
  }
  Taro.enableAlertBeforeUnload({ message });
  return () => Taro.disableAlertBeforeUnload({});
}
