// Fetching a file with real bytes and real time; what broke off goes on where it stopped.
import { useEffect, useRef, useState } from "react";

export interface Taking {
  path: string;
  name: string; // of the file
  done: number; // bytes
  all: number;
  secondsLeft: number | null; // null before that is known
  state: "running" | "broken" | "done";
}

interface Kept {
  path: string;
  tag: string;
  pieces: Uint8Array[];
  done: number;
  all: number;
}

const TELL_MS = 250;
const KNOWN_AFTER_MS = 1500; // of a rate that one may believe

/** One file at a time. `take` begins it or goes on with it, `stop` ends it and forgets what came. */
export function useTaking() {
  const [taking, setTaking] = useState<Taking | null>(null);
  const kept = useRef<Kept | null>(null);
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);

  const take = async (path: string, name: string) => {
    control.current?.abort();
    const own = new AbortController();
    control.current = own;
    if (kept.current?.path !== path) {
      kept.current = { path, tag: "", pieces: [], done: 0, all: 0 };
    }
    const file = kept.current;
    const tell = (state: Taking["state"], secondsLeft: number | null) =>
      control.current === own && setTaking({ path, name, done: file.done, all: file.all, secondsLeft, state });
    tell("running", null);
    try {
      await fetched(file, own.signal, (left) => tell("running", left));
      handOver(file, name);
      kept.current = null;
      tell("done", 0);
    } catch {
      tell("broken", null);
    }
  };
  const stop = () => {
    const running = control.current;
    control.current = null;
    running?.abort();
    kept.current = null;
    setTaking(null);
  };
  return { taking, take, stop };
}

async function fetched(file: Kept, signal: AbortSignal, tell: (secondsLeft: number | null) => void): Promise<void> {
  const headers: Record<string, string> = file.done ? { "Range": `bytes=${file.done}-`, "If-Range": file.tag } : {};
  const answer = await fetch(file.path, { headers, signal, credentials: "same-origin" });
  if (!answer.ok || !answer.body) {
    throw new Error(String(answer.status));
  }
  if (answer.status !== 206) {
    file.pieces = []; // it changed since: from the beginning
    file.done = 0;
  }
  file.tag = answer.headers.get("ETag") || "";
  file.all = file.done + (Number(answer.headers.get("Content-Length")) || 0);
  const begun = Date.now();
  const before = file.done;
  let told = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || !value) {
      break;
    }
    file.pieces.push(value);
    file.done += value.length;
    const now = Date.now();
    if (now - told > TELL_MS) {
      told = now;
      const spent = now - begun;
      const rate = (file.done - before) / spent;
      tell(spent > KNOWN_AFTER_MS && rate > 0 ? Math.ceil((file.all - file.done) / rate / 1000) : null);
    }
  }
  if (file.all && file.done !== file.all) {
    throw new Error("it broke off");
  }
}

function handOver(file: Kept, name: string): void {
  const address = URL.createObjectURL(new Blob(file.pieces as BlobPart[], { type: "application/zip" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
