// An exam that is not shown here: its patient opens it, where that is theirs to choose; else why it may be so, and whom to ask.
import { useState } from "react";

import { type Closed, closedOne, type Notice, openService } from "../api/activations";
import { Problem } from "../api/client";
import { replace } from "../state/go";
import { changed } from "../state/history";
import { useWords } from "../words";
import { closedWords } from "../words/closed";
import { sayTime } from "../words/dates";
import { Bones, Button, Card, Empty, Fault, Said } from "./Pieces";
import { problemOf, useAnswer } from "./useAnswer";

interface Props {
  exam: string;
  problem: Problem;
  again: () => void;
}

/** A question about one exam that failed. The server never says why an exam is not there, so neither does this. */
export function ExamFault({ exam, problem, again }: Props) {
  return problem.kind === "missing" ? <Missing exam={exam} again={again} /> : <Fault problem={problem} again={again} />;
}

function Missing({ exam, again }: { exam: string; again: () => void }) {
  const say = useWords(closedWords);
  const asked = useAnswer(async () => ({ found: await closedOne(exam).catch(() => null) }), [exam]);
  if (!asked.answer) {
    return <Bones cards={1} />;
  }
  if (asked.answer.found) {
    return <NotOpen {...asked.answer.found} again={again} anew={asked.again} />;
  }
  return (
    <Empty title={say.missing}>
      <div className="whys">
        <p className="text second">{say.whyNot}</p>
        <ul className="marks">
          {say.whys.map((why) => (
            <li className="second" key={why}>
              {why}
            </li>
          ))}
        </ul>
        <p className="text second">{say.askHospital}</p>
      </div>
      <Button kind="quiet" onTap={() => replace("exams")}>
        {say.examsTitle}
      </Button>
    </Empty>
  );
}

interface NotOpenProps {
  exam: Closed;
  notice: Notice;
  again: () => void;
  anew: () => void;
}

/** The notice is shown whole before it is agreed to (contract 3.10.2). */
function NotOpen({ exam, notice, again, anew }: NotOpenProps) {
  const say = useWords(closedWords);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const agree = async () => {
    setBusy(true);
    setFault("");
    try {
      await openService(exam.id, notice);
      changed();
      again();
    } catch (thrown) {
      const problem = problemOf(thrown);
      setFault(problem.status === 409 ? say.noticeChanged : problem.said);
      if (problem.status === 409) {
        anew();
      }
    }
    setBusy(false);
  };
  return (
    <div className="loose">
      <section className="stack">
        <h2 className="large">{exam.item}</h2>
        <p className="text second">
          {sayTime(exam.performed_at)} · {exam.hospital.name}
        </p>
        <span className="state off">{say.closedShort}</span>
        <p className="text">{exam.declined ? say.declinedHere : say.unasked}</p>
      </section>
      <Card>
        <p className="text">{notice.text.trim()}</p>
        {fault && <Said kind="wrong">{fault}</Said>}
        <Button onTap={() => void agree()} off={busy}>
          {say.openIt}
        </Button>
        <Button kind="quiet" onTap={() => replace("exams")}>
          {say.notNow}
        </Button>
      </Card>
    </div>
  );
}
