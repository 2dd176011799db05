// The texts that are offered to me: what I answered, and taking an answer back.
import { useState } from "react";

import { call } from "../../api/client";
import { Button, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { useWords } from "../../words";
import { sayDate } from "../../words/moments";
import { settingsWords } from "../../words/settings";
import { Part } from "./Part";

export interface Offered {
  kind: string;
  version: string;
  title: string;
  text: string;
  agreed: boolean | null;
  ends_at: string | null;
}

export function Texts() {
  const say = useWords(settingsWords);
  const asked = useAnswer(() => call<{ items: Offered[] }>("GET", "/api/v1/me/consents"), []);
  if (!asked.answer?.items.length) {
    return null;
  }
  return (
    <Part title={say.agreed}>
      <ul className="lines">
        {asked.answer.items.map((each) => (
          <li className="line" key={each.kind}>
            <One offered={each} onChange={asked.again} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

function One({ offered, onChange }: { offered: Offered; onChange: () => void }) {
  const say = useWords(settingsWords);
  const [reading, setReading] = useState(false);
  const [fault, setFault] = useState("");
  const tell = async (work: () => Promise<unknown>) => {
    setFault("");
    try {
      await work();
      onChange();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  const state = offered.agreed === null ? say.askedState : offered.agreed ? say.agreedState : say.refusedState;
  const answer = (agree: boolean) =>
    tell(() => call("POST", "/api/v1/me/consents", { kind: offered.kind, version: offered.version, agree }));
  return (
    <div className="stack grow">
      <div className="line-pair">
        <span>
          <span className="line-name">{offered.title}</span>
          <span className="second line-more">
            {state}
            {offered.ends_at ? ` · ${say.until(sayDate(offered.ends_at))}` : ""}
          </span>
        </span>
        <Button kind="plain" onTap={() => setReading(!reading)} name={`${say.readText} ${offered.title}`}>
          {say.readText}
        </Button>
      </div>
      {fault && <Said kind="wrong">{fault}</Said>}
      {reading && (
        <div className="stack">
          <p className="text second">{offered.text.trim()}</p>
          {offered.agreed ? (
            <Button kind="quiet" onTap={() => tell(() => call("DELETE", `/api/v1/me/consents/${encodeURIComponent(offered.kind)}`))}>
              {say.takeBack}
            </Button>
          ) : (
            <div className="row">
              <Button onTap={() => answer(true)}>{say.agree}</Button>
              <Button kind="quiet" onTap={() => answer(false)}>
                {say.disagree}
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}
