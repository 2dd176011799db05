// The words of a page in the language that the reader chose. Each page's stand in a file of their own, both languages in it:
// English has the type of Chinese, so that a word without its translation does not compile.
import { current, type Language, useSettings } from "../state/settings";
import { commonWords as common } from "./common";

type Common = typeof common.zh;
type InEach<Words> = Record<Language, Words & Common>;
type NotCommon<Words> = { [Name in keyof Words]: Name extends keyof Common ? never : Words[Name] };

/** The words of a page beside those of every page, none of which it may give another meaning. */
export function page<Words extends object>(zh: Words & NotCommon<Words>, en: Words): InEach<Words> {
  return { zh: { ...common.zh, ...zh }, en: { ...common.en, ...en } };
}

/** Words of a page, which follow when another language is chosen. */
export function useWords<Words>(of: Record<Language, Words>): Words {
  return of[useSettings().language];
}

/** Words outside of a page. */
export function words(): Common {
  return common[current().language];
}

/** What a code of the server is called; the code itself, or `otherwise`, where it has no name here. */
export function nameOf(names: Record<string, string>, code: string, otherwise = code): string {
  return names[code] || otherwise;
}
