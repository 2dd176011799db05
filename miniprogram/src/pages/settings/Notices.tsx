// Which messages I want from each hospital and by which way; login codes and warnings always come.
import { useState } from "react";

import { call } from "../../api/client";
import { Button, Chips, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { nameOf, useWords } from "../../words";
import { settingsWords } from "../../words/settings";
import { Part } from "./Part";

interface Kind {
  kind: string;
  ways: { way: string; on: boolean }[];
}

interface Wishes {
  hospital: string;
  name: string;
  nothing: boolean;
  kinds: Kind[];
}

interface Change {
  was: Wishes;
  words: string;
}

export function Notices() {
  const say = useWords(settingsWords);
  const asked = useAnswer(() => call<{ items: Wishes[] }>("GET", "/api/v1/me/notices"), []);
  const [changed, setChanged] = useState<Record<string, Wishes>>({});
  if (!asked.answer?.items.length) {
    return null;
  }
  return (
    <Part title={say.notices}>
      {asked.answer.items.map((each) => (
        <OfHospital
          key={each.hospital}
          wishes={changed[each.hospital] || each}
          onChange={(now) => setChanged((had) => ({ ...had, [now.hospital]: now }))}
        />
      ))}
      <p className="text small">{say.noticesWhy}</p>
    </Part>
  );
}

function OfHospital({ wishes, onChange }: { wishes: Wishes; onChange: (now: Wishes) => void }) {
  const say = useWords(settingsWords);
  const [fault, setFault] = useState("");
  const [last, setLast] = useState<Change | null>(null);
  const put = async (wanted: Wishes, change: Change | null) => {
    setFault("");
    try {
      const said = { hospital: wanted.hospital, off: offOf(wanted.kinds), nothing: wanted.nothing };
      onChange(await call<Wishes>("PUT", "/api/v1/me/notices", said));
      setLast(change);
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  const all = (nothing: boolean) => put({ ...wishes, nothing }, { was: wishes, words: nothing ? say.allOff : say.allOn });
  const turn = (kind: string, way: string, on: boolean) => {
    const words = say.turned(nameOf(say.noticeKinds, kind), nameOf(say.noticeWays, way), on);
    void put({ ...wishes, kinds: turned(wishes.kinds, kind, way, on) }, { was: wishes, words });
  };
  return (
    <div className="stack">
      <div className="line-pair">
        <span className="strong">{wishes.name}</span>
        <Chips
          name={`${say.notices} ${wishes.name}`}
          chosen={wishes.nothing ? "off" : "on"}
          options={[
            ["on", say.on],
            ["off", say.off],
          ]}
          onChoose={(said) => void all(said === "off")}
        />
      </div>
      {fault && <Said kind="wrong">{fault}</Said>}
      {last && !fault && (
        <Said kind="good">
          {last.words}{" "}
          <Button kind="plain" onTap={() => void put(last.was, null)}>
            {say.undo}
          </Button>
        </Said>
      )}
      {!wishes.nothing &&
        inOrder(wishes.kinds, Object.keys(say.noticeKinds)).map((each) => (
          <div className="notice-kind" key={each.kind}>
            <span>{nameOf(say.noticeKinds, each.kind)}</span>
            <Ways name={`${nameOf(say.noticeKinds, each.kind)} ${wishes.name}`} kind={each} onTurn={turn} />
          </div>
        ))}
    </div>
  );
}

interface WaysProps {
  name: string;
  kind: Kind;
  onTurn: (kind: string, way: string, on: boolean) => void;
}

/** The ways of one kind, each on or off by itself. */
function Ways({ name, kind, onTurn }: WaysProps) {
  const say = useWords(settingsWords);
  return (
    <div className="chips" role="group" aria-label={name}>
      {kind.ways.map(({ way, on }) => (
        <button
          className={`chip${on ? " on" : ""}`}
          key={way}
          aria-pressed={on}
          onClick={() => onTurn(kind.kind, way, !on)}
        >
          {nameOf(say.noticeWays, way)} {on ? say.on : say.off}
        </button>
      ))}
    </div>
  );
}

function inOrder(kinds: Kind[], order: string[]): Kind[] {
  return [...kinds].sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

function turned(kinds: Kind[], kind: string, way: string, on: boolean): Kind[] {
  const ways = (each: Kind) => each.ways.map((one) => (one.way === way ? { way, on } : one));
  return kinds.map((each) => (each.kind === kind ? { ...each, ways: ways(each) } : each));
}

/** What is off, as the server takes it: a kind that is off in every way also is in ways to come. */
function offOf(kinds: Kind[]): { kind: string; way?: string }[] {
  return kinds.flatMap(({ kind, ways }) =>
    ways.length && ways.every(({ on }) => !on) ? [{ kind }] : ways.filter(({ on }) => !on).map(({ way }) => ({ kind, way })),
  );
}
