// Numbers that are read out or typed.
/** 123456 reads better as 123 456. */
export function inGroups(digits: string, size: number): string {
  return (digits.match(new RegExp(`.{1,${size}}`, "g")) || []).join(" ");
}
