// Seeing a family member's exams: the code goes to their phone, and telling it is their consent.
import { useState } from "react";

import { call } from "../../api/client";
import { Field } from "../../parts/Field";
import { Button, Card, Chips, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { sayDate } from "../../words/moments";
import { useMore } from "../../words/more";
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
  const more = useMore();
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
        setFault(more.incomplete);
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
        {done && !fault && <Said kind="good">{more.familyDone}</Said>}
        {challenge ? (
          <div className="stack">
            <Said>{more.familySent}</Said>
            <Field name={more.familyCode} value={code} onChange={setCode} onDone={verify} kind="code" most={6} />
            <Button onTap={verify} off={busy || code.trim().length < 6}>
              {more.familyLetIn}
            </Button>
          </div>
        ) : (
          <div className="stack">
            <div>
              <p className="field-name">{more.relation}</p>
              <Chips name={more.relation} chosen={relation} options={Object.entries(more.relations)} onChoose={setRelation} />
            </div>
            <ClaimFields claim={claim} onChange={onChange} all={all} />
            <p className="text second">{more.familyWhy}</p>
            <Button onTap={ask} off={busy}>
              {more.familyAsk}
            </Button>
          </div>
        )}
      </Card>
      <List title={more.familyISee} members={members.answer?.items || []} onChange={members.again} />
      <List title={more.familySeesMe} members={members.answer?.who_sees_mine || []} onChange={members.again} />
    </div>
  );
}

function List({ title, members, onChange }: { title: string; members: Member[]; onChange: () => void }) {
  const more = useMore();
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
                  {[each.name, more.relations[each.relation] || each.relation].filter(Boolean).join(" · ")}
                </span>
                <span className="second line-more">{more.until(sayDate(each.expires_at))}</span>
              </span>
              <Sure words={more.end} sure={more.endSure} onSure={() => call("DELETE", `/api/v1/me/family/${each.id}`).then(onChange)} />
            </li>
          ))}
        </ul>
      </Card>
    </section>
  );
}
