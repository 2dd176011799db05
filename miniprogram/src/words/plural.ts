// How English counts.
/** `1 exam`, `2 exams`. */
export function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
