// What the reader chose on this phone: language and type size are those of the phone pages, saving data is the viewer's own.

const SHARED = "cloudfilm-settings"; // as the phone pages keep it: {"data": {"elder", "language"}}
const SAVER = "cloudfilm-viewer-saver";

interface Shared {
  elder?: boolean;
  language?: "zh" | "en";
}

export const english = language() === "en";

function language(): string {
  return shared().language ?? (navigator.language.toLowerCase().startsWith("en") ? "en" : "zh");
}

export const elder = (): boolean => shared().elder === true;

export function choose(change: Shared): void {
  remember(SHARED, JSON.stringify({ data: { elder: elder(), language: language(), ...change } }));
}

interface Connection {
  saveData?: boolean;
  effectiveType?: string;
  type?: string;
}
const connection = (navigator as { connection?: Connection }).connection ?? {};

/** Whether to show only what the server draws: as chosen, else as the device asks or the network is slow. */
export function saving(): boolean {
  const chosen = remembered(SAVER);
  if (chosen) return chosen === "on";
  return connection.saveData === true || /2g/.test(connection.effectiveType ?? "");
}

export const chooseSaving = (on: boolean): void => remember(SAVER, on ? "on" : "off");

/** Paid by the byte: then only near neighbours are fetched ahead. */
export const metered = (): boolean => connection.type === "cellular";

function shared(): Shared {
  try {
    return (JSON.parse(remembered(SHARED) || "{}") as { data?: Shared }).data ?? {};
  } catch {
    return {};
  }
}

function remembered(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing still shows pictures
  }
}
