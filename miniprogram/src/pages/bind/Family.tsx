// Seeing a family member's exams: the code goes to their phone, and telling it is their consent.
import { useState } from "react";

import { call } from "../../api/client";
import { Field } from "../../parts/Field";
import { Button, Card, Chips, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { nameOf, useWords } from "../../words";
import { bindWords } from "../../words/bind";
import { sayDate } from "../../words/moments";
import { ClaimFields, type ClaimProps } from "./ClaimFields";
import { Sure } from "./Sure";

interface Member {
  id: string;
  relation: string;
  expires_at: string;
  name?: string;
}

interface Members {
  items: Member[];
  who_sees_mine: Member[];
}

export function Family({ claim, onChange, all }: ClaimProps) {
  const say = useWords(bindWords);
  const members = useAnswer(() => call<Members>("GET", "/api/v1/me/family"), []);
  const [relation, setRelation] = useState("parent");
  const [challenge, setChallenge] = useState("");
  const [code, setCode] = useState("");
  const [fault, setFault] = useState("");
  const [done, setDone] = useState(false);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setFault("");
    setBusy(true);
    try {
      await work();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  const ask = () =>
    attempt(async () => {
      if (!claim.value.trim() || !claim.name.trim()) {
        setFault(say.incomplete);
        return;
      }
      const said = { ...claim, value: claim.value.trim(), name: claim.name.trim(), relation };
      setChallenge((await call<{ challenge: string }>("POST", "/api/v1/me/family", said)).challenge);
    });
  const verify = () =>
    attempt(async () => {
      await call("POST", "/api/v1/me/family/verify", { challenge, code: code.trim() });
      setChallenge("");
      setCode("");
      setDone(true);
      onChange({ ...claim, value: "", name: "" });
      members.again();
    });
  return (
    <div className="loose">
      <Card>
        {fault && <Said kind="wrong">{fault}</Said>}
        {done && !fault && <Said kind="good">{say.familyDone}</Said>}
        {challenge ? (
          <div className="stack">
            <Said>{say.familySent}</Said>
            <Field name={say.familyCode} value={code} onChange={setCode} onDone={verify} kind="code" most={6} />
            <Button onTap={verify} off={busy || code.trim().length < 6}>
              {say.familyLetIn}
            </Button>
          </div>
        ) : (
          <div className="stack">
            <div>
              <p className="field-name">{say.relation}</p>
              <Chips name={say.relation} chosen={relation} options={Object.entries(say.relations)} onChoose={setRelation} />
            </div>
            <ClaimFields claim={claim} onChange={onChange} all={all} />
            <p className="text second">{say.familyWhy}</p>
            <Button onTap={ask} off={busy}>
              {say.familyAsk}
            </Button>
          </div>
        )}
      </Card>
      <List title={say.familyISee} members={members.answer?.items || []} onChange={members.again} />
      <List title={say.familySeesMe} members={members.answer?.who_sees_mine || []} onChange={members.again} />
    </div>
  );
}

function List({ title, members, onChange }: { title: string; members: Member[]; onChange: () => void }) {
  const say = useWords(bindWords);
  if (!members.length) {
    return null;
  }
  return (
    <section className="stack">
      <h2 className="heading">{title}</h2>
      <Card>
        <ul className="lines">
          {members.map((each) => (
            <li className="line" key={each.id}>
              <span className="grow">
                <span className="line-name">
                  {[each.name, nameOf(say.relations, each.relation)].filter(Boolean).join(" · ")}
                </span>
                <span className="second line-more">{say.until(sayDate(each.expires_at))}</span>
              </span>
              <Sure words={say.end} sure={say.endSure} onSure={() => call("DELETE", `/api/v1/me/family/${each.id}`).then(onChange)} />
            </li>
          ))}
        </ul>
      </Card>
    </section>
  );
}
