// The small pieces that pages are made of; every one speaks to the eye and to a screen reader.
import type { ReactNode } from "react";

import { Problem } from "../api/client";
import { signIn } from "../state/entry";
import { replace } from "../state/go";
import { keeps } from "../state/keeping";
import { useWords } from "../words";
import { commonWords } from "../words/common";

interface Tap {
  children: ReactNode;
  onTap: () => void;
  kind?: "" | "quiet" | "plain" | "danger";
  off?: boolean;
  name?: string; // for a screen reader, where the words alone do not say it
}

/** A button. The one without a kind is the page's main one. */
export function Button({ children, onTap, kind = "", off, name }: Tap) {
  return (
    <button className={`button ${kind}${off ? " off" : ""}`} disabled={off} aria-label={name} onClick={onTap}>
      {children}
    </button>
  );
}

/** A white card. */
export function Card({ children }: { children: ReactNode }) {
  return <section className="card stack">{children}</section>;
}

/** Words that need an eye: quiet yellow, red for what went wrong, green for what is done. */
export function Said({ children, kind = "" }: { children: ReactNode; kind?: "" | "wrong" | "good" }) {
  return (
    <div className={`said ${kind}`} role={kind === "wrong" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** Nothing to show, why, and the way on. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="blank stack">
      <p className="text">{title}</p>
      {children}
    </div>
  );
}

/** A call that failed: what it was, and the way on. */
export function Fault({ problem, again }: { problem: Problem; again: () => void }) {
  const say = useWords(commonWords);
  if (problem.kind === "login") {
    return (
      <Empty title={say.expired}>
        <Button onTap={signIn}>{say.byPhone}</Button>
      </Empty>
    );
  }
  const words = { offline: keeps() ? say.unseen : say.offlineNow, missing: say.missing } as Record<string, string>;
  return (
    <Empty title={words[problem.kind] || problem.said}>
      <Button kind={problem.kind === "missing" ? "quiet" : ""} onTap={problem.kind === "missing" ? () => replace("exams") : again}>
        {problem.kind === "missing" ? say.examsTitle : say.retry}
      </Button>
    </Empty>
  );
}

/** Where lines will stand, while they come. */
export function Bones({ cards = 3 }: { cards?: number }) {
  const say = useWords(commonWords);
  return (
    <div className="bones loose" role="status" aria-label={say.loading}>
      {Array.from({ length: cards }, (_, index) => (
        <div className="card stack" key={index}>
          <div className="bone" style={{ width: "60%" }} />
          <div className="bone" style={{ width: "85%" }} />
        </div>
      ))}
    </div>
  );
}

/** A box to tick, whose words are part of it. */
export function Check({ on, onTap, children }: { on: boolean; onTap: () => void; children: ReactNode }) {
  return (
    <button className="check" role="checkbox" aria-checked={on} onClick={onTap}>
      <span className={`box${on ? " on" : ""}`} aria-hidden="true">
        {on ? "✓" : ""}
      </span>
      <span className="grow">{children}</span>
    </button>
  );
}

interface Choices {
  name: string;
  chosen: string;
  options: [value: string, word: string][];
  onChoose: (value: string) => void;
}

/** One of a few words. */
export function Chips({ name, chosen, options, onChoose }: Choices) {
  return (
    <div className="chips" role="group" aria-label={name}>
      {options.map(([value, word]) => (
        <button
          className={`chip${value === chosen ? " on" : ""}`}
          key={value}
          aria-pressed={value === chosen}
          onClick={() => onChoose(value)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}
