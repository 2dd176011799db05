// The second step: which exams, and what of each: all of it, or some of report, film and series.
import { useState } from "react";

import type { Exam } from "../../api/exams";
import { type Choice, mayBeShared, type Part } from "../../api/shares";
import { Button, Card, Check, Empty } from "../../parts/Pieces";
import { useWords } from "../../words";
import { sayDay } from "../../words/dates";
import { shareWords } from "../../words/share";
import { partsOf, withParts } from "./draft";
import { SeriesOf } from "./SeriesOf";

interface Props {
  mine: Exam[];
  choices: Choice[];
  onChange: (choices: Choice[]) => void;
}

export function What({ mine, choices, onChange }: Props) {
  const say = useWords(shareWords);
  const [all, setAll] = useState(!choices.length);
  const of = (exam: Exam) => choices.find((each) => each.exam === exam.id);
  const toggle = (exam: Exam) =>
    onChange(
      of(exam)
        ? choices.filter((each) => each.exam !== exam.id)
        : [...choices, { exam: exam.id, parts: null, series: null }],
    );
  const replace = (changed: Choice) => onChange(choices.map((each) => (each.exam === changed.exam ? changed : each)));
  const listed = all ? [...mine.filter(mayBeShared), ...mine.filter((each) => !mayBeShared(each))] : mine.filter(of);
  return (
    <section className="what stack">
      <h2 className="large">{say.shareWhat}</h2>
      {!mine.length && <Empty title={say.sharesNone} />}
      {listed.map((exam) => {
        const choice = of(exam);
        return (
          <Card key={exam.id}>
            <ExamLine exam={exam} on={Boolean(choice)} onTap={() => toggle(exam)} />
            {choice && <Of exam={exam} choice={choice} onChange={replace} />}
          </Card>
        );
      })}
      {!all && mine.length > listed.length && (
        <Button kind="quiet" onTap={() => setAll(true)}>
          {say.shareMore}
        </Button>
      )}
    </section>
  );
}

function ExamLine({ exam, on, onTap }: { exam: Exam; on: boolean; onTap: () => void }) {
  const say = useWords(shareWords);
  const words = (
    <>
      <span className="line-name">{exam.item}</span>
      <span className="second line-more">
        {sayDay(exam.performed_at)} · {exam.hospital.name}
      </span>
    </>
  );
  if (!mayBeShared(exam)) {
    return (
      <div className="stack">
        <p className="text">{words}</p>
        <p className="text second">{say.shareNotYet}</p>
      </div>
    );
  }
  return (
    <Check on={on} onTap={onTap}>
      {words}
    </Check>
  );
}

/** What of one exam, in a line, and behind a tap the choice. */
function Of({ exam, choice, onChange }: { exam: Exam; choice: Choice; onChange: (choice: Choice) => void }) {
  const say = useWords(shareWords);
  const [choosing, setChoosing] = useState(false);
  const there = partsOf(exam);
  const parts = choice.parts || there;
  const named: Record<Part, string> = { report: say.report, film: say.film(exam.films), images: say.images(exam.images) };
  const toggle = (part: Part) =>
    onChange(withParts(choice, exam, parts.includes(part) ? parts.filter((each) => each !== part) : [...parts, part]));
  const part = choice.parts || choice.series;
  return (
    <div className="of stack">
      {!choosing && (
        <p className="text second">
          {part ? say.all(there.filter((each) => parts.includes(each)).map((each) => named[each])) : say.everything}
          {!part && there.length > 1 && ` · ${say.all(there.map((each) => named[each]))}`}
        </p>
      )}
      {choosing && (
        <div>
          {there.map((each) => (
            <Check key={each} on={parts.includes(each)} onTap={() => toggle(each)}>
              {named[each]}
            </Check>
          ))}
          {parts.includes("images") && <SeriesOf exam={exam} choice={choice} onChange={onChange} />}
        </div>
      )}
      <Button kind="plain" onTap={() => setChoosing(!choosing)} name={`${choosing ? say.chooseClose : say.choose} ${exam.item}`}>
        {choosing ? say.chooseClose : say.choose}
      </Button>
    </div>
  );
}
