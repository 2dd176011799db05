// Sizes as people say them: 219 KB, 110 MB, 1.4 GB.
const UNITS = ["B", "KB", "MB", "GB"];

/** Bytes in the unit that keeps the number short. */
export function saySize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 3 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}
