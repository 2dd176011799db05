// Writing to a hospital about what does not work or is not right, and what became of it.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call } from "../../api/client";
import { exam as askExam } from "../../api/exams";
import { type Hospital, hospitals } from "../../api/hospitals";
import { Area } from "../../parts/Area";
import { Field } from "../../parts/Field";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Chips, Fault, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { known } from "../../state/history";
import { nameOf, useWords } from "../../words";
import { feedbackWords } from "../../words/feedback";
import { sayMoment } from "../../words/moments";

interface Letter {
  id: string;
  hospital: { code: string; name: string };
  kind: string;
  state: string;
  created_at: string;
  entries: { by: "patient" | "hospital"; text: string; at: string }[];
}

export default function Feedback() {
  const say = useWords(feedbackWords);
  const asked = Taro.getCurrentInstance().router?.params || {};
  const about = asked.exam || "";
  const exam = useAnswer(() => (about ? askExam(about) : Promise.resolve(null)), [about]).answer || known(about);
  const mine = useAnswer(() => call<{ items: Letter[] }>("GET", "/api/v1/feedback?limit=50"), []);
  const [all, setAll] = useState<Hospital[]>([]);
  const [hospital, setHospital] = useState(asked.hospital || "");
  const [kind, setKind] = useState("cannot-see");
  const [text, setText] = useState("");
  const [contact, setContact] = useState("");
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(false);
  useEffect(() => {
    hospitals().then(
      (found) => {
        setAll(found);
        setHospital((chosen) => chosen || found[0]?.code || "");
      },
      () => undefined,
    );
  }, []);

  const send = async () => {
    setFault("");
    if (!text.trim()) {
      setFault(say.feedbackEmpty);
      return;
    }
    setBusy(true);
    try {
      const said = { hospital, page: "feedback", kind, text: text.trim() };
      await call("POST", "/api/v1/feedback", {
        ...said,
        ...(about ? { exam: about } : {}),
        ...(contact.trim() ? { contact: contact.trim() } : {}),
      });
      setText("");
      setSent(true);
      mine.again();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  return (
    <Page title={say.feedbackTitle} hospital={hospital || undefined}>
      {exam && <p className="text second">{exam.item}</p>}
      <Card>
        {fault && <Said kind="wrong">{fault}</Said>}
        {sent && !fault && <Said kind="good">{say.feedbackSent}</Said>}
        {!about && all.length > 1 && (
          <div>
            <p className="field-name">{say.feedbackHospital}</p>
            <Chips
              name={say.feedbackHospital}
              chosen={hospital}
              options={all.map((each) => [each.code, each.name])}
              onChoose={setHospital}
            />
          </div>
        )}
        <div>
          <p className="field-name">{say.feedbackKind}</p>
          <Chips name={say.feedbackKind} chosen={kind} options={Object.entries(say.feedbackKinds)} onChoose={setKind} />
        </div>
        <Area name={say.feedbackText} value={text} onChange={setText} hint={say.feedbackHint} />
        <Field name={say.feedbackContact} value={contact} onChange={setContact} kind="tel" most={24} />
        <Button onTap={send} off={busy}>
          {say.feedbackSend}
        </Button>
      </Card>
      {mine.problem && <Fault problem={mine.problem} again={mine.again} />}
      {!mine.answer && !mine.problem && <Bones cards={1} />}
      {(mine.answer?.items.length || 0) > 0 && <h2 className="heading">{say.feedbackMine}</h2>}
      {mine.answer?.items.map((letter) => <Shown letter={letter} key={letter.id} />)}
    </Page>
  );
}

function Shown({ letter }: { letter: Letter }) {
  const say = useWords(feedbackWords);
  return (
    <Card>
      <p className="text">
        <span className="strong">{nameOf(say.feedbackKinds, letter.kind)}</span>{" "}
        <span className="second">{nameOf(say.feedbackStates, letter.state)}</span>
      </p>
      {letter.entries.map((entry, index) => (
        <div className={entry.by === "hospital" ? "meaning" : ""} key={index}>
          {entry.by === "hospital" && <p className="text second">{say.byHospital}</p>}
          <p className="text">{entry.text}</p>
          <p className="text small">{sayMoment(entry.at)}</p>
        </div>
      ))}
      <p className="text small">{letter.hospital.name}</p>
    </Card>
  );
}
