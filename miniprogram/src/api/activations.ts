// The digital service of an exam: where it is not open and may be, and opening it.
import { call } from "./client";

export interface Closed {
  id: string;
  hospital: { code: string; name: string };
  category: string;
  item: string;
  performed_at: string;
  declined: boolean; // else nobody was asked yet
}

export interface Notice {
  hospital: string;
  version: string;
  text: string;
}

export interface ClosedPage {
  items: Closed[];
  next: string | null;
  notices: Notice[]; // what must be read before, one for each hospital of these exams
}

const MOST = 100; // of one page
const MOST_PAGES = 20;

/** Exams of mine whose service is not open and may be, newest first. */
export function closed(cursor = "", limit = 20): Promise<ClosedPage> {
  return call("GET", `/api/v1/me/declined?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
}

/** One of them with its notice; null for an exam that is not one of them. */
export async function closedOne(exam: string): Promise<{ exam: Closed; notice: Notice } | null> {
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next, notices } = await closed(cursor, MOST);
    const found = items.find((each) => each.id === exam);
    const notice = found && notices.find((each) => each.hospital === found.hospital.code);
    if (found && notice) {
      return { exam: found, notice };
    }
    if (!next) {
      return null;
    }
    cursor = next;
  }
  return null;
}

/** Its notice was shown, and I agreed. */
export function openService(exam: string, notice: Notice): Promise<unknown> {
  return call("POST", "/api/v1/me/activations", { exam, way: "phone", notice_version: notice.version });
}
