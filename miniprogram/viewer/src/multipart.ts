// Several things in one answer (multipart/related, PS3.18 section 8.6.1.2).

import { Failure } from "./server";

export interface Part {
  type: string;
  syntax: string;
  location: string;
  bytes: Uint8Array;
}

/** The first part of a whole message. Throws Failure when it broke off. */
export function firstPart(bytes: Uint8Array, kind: string): Part {
  const begin = find(bytes, HEAD_ENDS, 0);
  if (begin < 0) throw new Failure("failed");
  const head = text(bytes.subarray(0, begin));
  const stated = Number(header(head, "content-length") || NaN);
  const end = Number.isFinite(stated) ? begin + HEAD_ENDS.length + stated : findLast(bytes, delimiter(kind));
  if (end < begin + HEAD_ENDS.length || end > bytes.length) throw new Failure("offline");
  return described(head, bytes.subarray(begin + HEAD_ENDS.length, end));
}

/** Each part as soon as it has come; an answer of another kind has none. */
export async function* parts(answer: Response): AsyncGenerator<Part> {
  const kind = answer.headers.get("Content-Type") ?? "";
  const reader = answer.body?.getReader();
  if (!reader) return;
  if (!isMultipart(kind)) return void (await reader.cancel());
  const ends = delimiter(kind);
  let rest: Uint8Array = ascii("\r\n"); // so that the first delimiter, too, follows a line end
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest = joined(rest, value);
    for (;;) {
      const begin = find(rest, ends, 0);
      const end = begin < 0 ? -1 : find(rest, ends, begin + ends.length);
      if (end < 0) break;
      const part = rest.subarray(begin + ends.length, end);
      const head = find(part, HEAD_ENDS, 0);
      if (head >= 0) yield described(text(part.subarray(0, head)), part.slice(head + HEAD_ENDS.length));
      rest = rest.subarray(end);
    }
  }
}

export const isMultipart = (kind: string): boolean => /^multipart\//i.test(kind);

/** A part, or an answer of one, by what its header says. */
export function described(head: string, bytes: Uint8Array): Part {
  const kind = header(head, "content-type");
  const syntax = /transfer-syntax="?([0-9.]+)/i.exec(kind)?.[1] ?? "";
  return { type: (kind.split(";")[0] ?? "").trim().toLowerCase(), syntax, location: header(head, "content-location"), bytes };
}

const header = (head: string, name: string): string => new RegExp(`^${name}:\\s*(.+)$`, "im").exec(head)?.[1]?.trim() ?? "";
const ascii = (letters: string) => new TextEncoder().encode(letters);
const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const delimiter = (kind: string) => ascii(`\r\n--${/boundary="?([^";,]+)"?/i.exec(kind)?.[1] ?? ""}`);
const HEAD_ENDS = ascii("\r\n\r\n");

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0] as number, from); at >= 0; at = bytes.indexOf(wanted[0] as number, at + 1)) {
    if (matches(bytes, wanted, at)) return at;
  }
  return -1;
}

function findLast(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at -= 1) if (matches(bytes, wanted, at)) return at;
  return -1;
}

function matches(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let place = 0; place < wanted.length; place += 1) if (bytes[at + place] !== wanted[place]) return false;
  return true;
}
