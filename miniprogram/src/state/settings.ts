// What the reader chose for this phone: type size and language; kept here, followed by all pages at once.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

export type Language = "zh" | "en";

export interface Settings {
  elder: boolean;
  language: Language;
}

const KEY = "cloudfilm-settings";
const LARGE_TYPE = 1.3; // from here on the system itself asks for large type
const listeners = new Set<() => void>();
let settings = begun();
show();

/** What counts now. */
export function current(): Settings {
  return settings;
}

/** Change some of it; every page follows. */
export function choose(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  try {
    Taro.setStorageSync(KEY, settings);
  } catch {
    // a browser that keeps nothing still follows until it is closed
  }
  show();
  listeners.forEach((tell) => tell());
}

/** The settings, followed. */
export function useSettings(): Settings {
  const [known, setKnown] = useState(settings);
  useEffect(() => {
    const tell = () => setKnown(settings);
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return known;
}

/** How much larger than usual the system shows type, where an app is told. */
export function systemScale(): number {
  if (process.env.TARO_ENV !== "h5") {
    try {
      const said = Taro.getAppBaseInfo() as { fontSizeScaleFactor?: number; fontSizeSetting?: number };
      return said.fontSizeScaleFactor || (said.fontSizeSetting ? said.fontSizeSetting / 16 : 1);
    } catch {
      return 1;
    }
  }
  return 1; // in a browser rem follows by itself
}

function begun(): Settings {
  const kept = read();
  return { elder: systemScale() >= LARGE_TYPE, language: spoken(), ...kept };
}

function read(): Partial<Settings> {
  try {
    const kept = Taro.getStorageSync(KEY) as unknown;
    return kept && typeof kept === "object" ? (kept as Partial<Settings>) : {};
  } catch {
    return {};
  }
}

function spoken(): Language {
  if (process.env.TARO_ENV === "h5") {
    return /^en/i.test(navigator.language) ? "en" : "zh";
  }
  return "zh";
}

function show(): void {
  if (process.env.TARO_ENV === "h5") {
    document.documentElement.classList.toggle("elder", settings.elder);
    document.documentElement.lang = settings.language === "en" ? "en" : "zh-CN";
  }
}
