// Which messages I want from each hospital; login codes and warnings always come.
import { useState } from "react";

import { call } from "../../api/client";
import { Chips, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { useWords } from "../../words";
import { settingsWords } from "../../words/settings";
import { Part } from "./Part";

interface Wishes {
  hospital: string;
  name: string;
  nothing: boolean;
  off: { kind: string; way: string | null }[];
}

export function Notices() {
  const say = useWords(settingsWords);
  const asked = useAnswer(() => call<{ items: Wishes[] }>("GET", "/api/v1/me/notices"), []);
  const [fault, setFault] = useState("");
  const [changed, setChanged] = useState<Record<string, boolean>>({});
  if (!asked.answer?.items.length) {
    return null;
  }
  const put = async (wishes: Wishes, nothing: boolean) => {
    setFault("");
    try {
      const off = wishes.off.map(({ kind, way }) => (way ? { kind, way } : { kind }));
      await call("PUT", "/api/v1/me/notices", { hospital: wishes.hospital, off, nothing });
      setChanged({ ...changed, [wishes.hospital]: nothing });
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  return (
    <Part title={say.notices}>
      {fault && <Said kind="wrong">{fault}</Said>}
      {asked.answer.items.map((wishes) => (
        <div className="line-pair" key={wishes.hospital}>
          <span>{wishes.name}</span>
          <Chips
            name={`${say.notices} ${wishes.name}`}
            chosen={changed[wishes.hospital] ?? wishes.nothing ? "off" : "on"}
            options={[
              ["on", say.on],
              ["off", say.off],
            ]}
            onChoose={(said) => void put(wishes, said === "off")}
          />
        </div>
      ))}
      <p className="text small">{say.noticesWhy}</p>
    </Part>
  );
}
