// The words of the language that the reader chose.
import { current, useSettings } from "../state/settings";
import { en } from "./en";
import { type Words, zh } from "./zh";

export type { Words };

const LANGUAGES: Record<string, Words> = { zh, en };

/** Words outside of a page. */
export function words(): Words {
  return LANGUAGES[current().language];
}

/** Words of a page, which follows when another language is chosen. */
export function useWords(): Words {
  return LANGUAGES[useSettings().language];
}
