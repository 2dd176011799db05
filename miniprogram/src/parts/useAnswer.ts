// An answer of the server for a page: none yet, there, or failed.
import { type DependencyList, useCallback, useEffect, useState } from "react";

import { Problem } from "../api/client";

export interface Asked<T> {
  answer: T | null;
  problem: Problem | null;
  again: () => void;
}

/** Ask when the page opens and whenever `on` changes; an answer that comes late never covers a newer one. */
export function useAnswer<T>(ask: () => Promise<T>, on: DependencyList): Asked<T> {
  const [tries, setTries] = useState(0);
  const [known, setKnown] = useState<{ answer: T | null; problem: Problem | null }>({ answer: null, problem: null });
  useEffect(() => {
    let wanted = true;
    setKnown({ answer: null, problem: null });
    ask().then(
      (answer) => wanted && setKnown({ answer, problem: null }),
      (fault) => wanted && setKnown({ answer: null, problem: problemOf(fault) }),
    );
    return () => {
      wanted = false;
    };
    // what is asked follows from `on`
  }, [...on, tries]);
  return { ...known, again: useCallback(() => setTries((count) => count + 1), []) };
}

/** A fault of ours looks like one. */
export function problemOf(fault: unknown): Problem {
  if (fault instanceof Problem) {
    return fault;
  }
  console.error(fault);
  return new Problem("broken", String(fault));
}
