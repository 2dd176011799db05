// Since when what a page shows is known, where it came from the copies of a phone without a network (worker/), and not from the server.
import { useDidHide, useDidShow } from "@tarojs/taro";
import { useEffect, useRef, useState } from "react";

type Told = (path: string, moment: string) => void;

const listeners = new Set<Told>();

/** An answer came for that path: a copy that was kept at that moment, or, with an empty one, the server's own. */
export function answered(path: string, moment: string): void {
  listeners.forEach((tell) => tell(path, moment));
}

/** The oldest moment of what this page shows; empty while the server itself answers. */
export function useSeenAt(): string {
  const [copies, setCopies] = useState<Record<string, string>>({});
  const shown = useRef(true);
  useDidShow(() => void (shown.current = true));
  useDidHide(() => void (shown.current = false));
  useEffect(() => {
    const tell: Told = (path, moment) => {
      if (shown.current) {
        setCopies((had) => (moment || had[path] ? { ...had, [path]: moment } : had));
      }
    };
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return Object.values(copies).filter(Boolean).sort()[0] || "";
}
