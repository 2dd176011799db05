// Moments that the server tells in UTC, as the clock on a hospital's wall shows them.
import { sayDay, sayTime } from "./dates";

const AHEAD_MS = 8 * 3_600_000; // Asia/Shanghai, all year round

/** `2026-11-01T01:00:00+00:00` is 2026年11月1日 上午9:00. */
export function sayMoment(moment: string): string {
  return sayTime(onTheWall(moment));
}

/** As `sayMoment`, the day alone. */
export function sayDate(moment: string): string {
  return sayDay(onTheWall(moment));
}

/** The moment so many seconds from now. */
export function later(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

function onTheWall(moment: string): string {
  const at = Date.parse(moment);
  return Number.isNaN(at) ? moment : new Date(at + AHEAD_MS).toISOString();
}
