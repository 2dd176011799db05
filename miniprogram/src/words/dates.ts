// Days and times as people say them. The server sends them in the hospital's zone, so that is the time of the wall there.
import { current } from "../state/settings";

const PARTS = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}))?/;
const MONTHS = ["January", "February", "March", "April", "May", "June", "July"].concat(
  ["August", "September", "October", "November", "December"]);

/** `2026-11-01T09:00:00+08:00` is 2026年11月1日 上午9:00. */
export function sayTime(moment: string): string {
  const [day, hour, minute] = read(moment);
  const half = current().language === "en" ? (hour < 12 ? "am" : "pm") : hour < 12 ? "上午" : "下午";
  const clock = `${hour % 12 || 12}:${minute}`;
  return current().language === "en" ? `${day} ${clock} ${half}` : `${day} ${half}${clock}`;
}

/** `2026-11-01T09:00:00+08:00` is 2026年11月1日. */
export function sayDay(moment: string): string {
  return read(moment)[0];
}

function read(moment: string): [string, number, string] {
  const found = PARTS.exec(moment);
  if (!found) {
    return [moment, 0, ""];
  }
  const [year, month, day] = found.slice(1, 4).map(Number);
  const said = current().language === "en" ? `${day} ${MONTHS[month - 1]} ${year}` : `${year}年${month}月${day}日`;
  return [said, Number(found[4] || 0), found[5] || "00"];
}
