// Which patient numbers are mine, and whose exams in the family I may see: each proved, each to be taken back.
import { useEffect, useState } from "react";

import { call } from "../../api/client";
import { type Hospital, hospitals } from "../../api/hospitals";
import { Page } from "../../parts/Page";
import { Button, Card, Chips, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { replace } from "../../state/go";
import { nameOf, useWords } from "../../words";
import { bindWords } from "../../words/bind";
import { sayDate } from "../../words/moments";
import { type Claim, ClaimFields, type ClaimProps } from "./ClaimFields";
import { Family } from "./Family";
import { Sure } from "./Sure";

interface Binding {
  id: string;
  hospital: string;
  kind: string;
  masked_value: string;
  proved_at: string;
}

export default function Bind() {
  const say = useWords(bindWords);
  const [all, setAll] = useState<Hospital[]>([]);
  const [whose, setWhose] = useState("mine");
  const [claim, setClaim] = useState<Claim>({ hospital: "", kind: "id_card", value: "", name: "" });
  const mine = useAnswer(() => call<{ items: Binding[] }>("GET", "/api/v1/me/bindings"), []);
  useEffect(() => {
    hospitals().then(
      (found) => {
        setAll(found);
        setClaim((said) => ({ ...said, hospital: said.hospital || found[0]?.code || "" }));
      },
      () => undefined,
    );
  }, []);
  const hospitalOf = (code: string) => all.find((each) => each.code === code)?.name || code;
  return (
    <Page title={say.bindTitle} hospital={claim.hospital || undefined}>
      <section className="stack">
        <h2 className="heading">{say.myBindings}</h2>
        <Card>
          {mine.answer && mine.answer.items.length === 0 && <p className="text second">{say.noBindings}</p>}
          <ul className="lines">
            {mine.answer?.items.map((each) => (
              <li className="line" key={each.id}>
                <span className="grow">
                  <span className="line-name">{hospitalOf(each.hospital)}</span>
                  <span className="second line-more">
                    {nameOf(say.kinds, each.kind)} {each.masked_value.replace(/\*{5,}/, "****")} · {sayDate(each.proved_at)}
                  </span>
                </span>
                <Sure
                  words={say.unbind}
                  sure={say.unbindSure}
                  onSure={() => call("DELETE", `/api/v1/me/bindings/${each.id}`).then(mine.again)}
                />
              </li>
            ))}
          </ul>
        </Card>
      </section>
      <Chips
        name={say.bindTitle}
        chosen={whose}
        options={[
          ["mine", say.bindMine],
          ["family", say.bindFamily],
        ]}
        onChoose={setWhose}
      />
      {whose === "mine" ? (
        <Own claim={claim} onChange={setClaim} all={all} onBound={mine.again} />
      ) : (
        <Family claim={claim} onChange={setClaim} all={all} />
      )}
    </Page>
  );
}

function Own({ claim, onChange, all, onBound }: ClaimProps & { onBound: () => void }) {
  const say = useWords(bindWords);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const bind = async () => {
    setFault("");
    if (!claim.value.trim() || !claim.name.trim()) {
      setFault(say.incomplete);
      return;
    }
    setBusy(true);
    try {
      await call("POST", "/api/v1/me/bindings", { ...claim, value: claim.value.trim(), name: claim.name.trim() });
      setDone(true);
      onChange({ ...claim, value: "", name: "" });
      onBound();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  return (
    <Card>
      {fault && <Said kind="wrong">{fault}</Said>}
      {done && !fault && (
        <div className="stack">
          <Said kind="good">{say.bound}</Said>
          <Button onTap={() => replace("exams")}>{say.toExams}</Button>
        </div>
      )}
      <ClaimFields claim={claim} onChange={onChange} all={all} />
      <Button kind={done ? "quiet" : ""} onTap={bind} off={busy}>
        {say.bind}
      </Button>
    </Card>
  );
}
