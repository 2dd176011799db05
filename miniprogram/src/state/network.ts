// Whether the network dawdles right now: set by the client, shown by parts/Page as a bar.
import { useEffect, useState } from "react";

const listeners = new Set<() => void>();
let waiting = 0;

/** A request failed and is tried again; call what comes back once it is over. */
export function retrying(): () => void {
  waiting += 1;
  tell();
  let over = false;
  return () => {
    if (!over) {
      over = true;
      waiting -= 1;
      tell();
    }
  };
}

/** True while something is tried again. */
export function useRetrying(): boolean {
  const [known, setKnown] = useState(waiting > 0);
  useEffect(() => {
    const look = () => setKnown(waiting > 0);
    listeners.add(look);
    return () => void listeners.delete(look);
  }, []);
  return known;
}

function tell(): void {
  listeners.forEach((each) => each());
}
