// Which series of an exam are shared: all of them to begin with, a few dozen on the page at a time.
import { useState } from "react";

import type { Exam } from "../../api/exams";
import { type Choice, type Series, seriesOf } from "../../api/shares";
import { Picture } from "../../parts/Picture";
import { Bones, Button, Check, Fault } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { useWords } from "../../words";
import { shareWords } from "../../words/share";
import { withSeries } from "./draft";

const AT_ONCE = 30; // lines, each with its picture
const MANY = 6; // from here on one tap takes or leaves all

interface Props {
  exam: Exam;
  choice: Choice;
  onChange: (choice: Choice) => void;
}

export function SeriesOf({ exam, choice, onChange }: Props) {
  const say = useWords(shareWords);
  const asked = useAnswer(() => seriesOf(exam), [exam.id]);
  const [shown, setShown] = useState(AT_ONCE);
  if (asked.problem) {
    return <Fault problem={asked.problem} again={asked.again} />;
  }
  if (!asked.answer) {
    return <Bones cards={1} />;
  }
  const all = asked.answer.map((each) => each.uid);
  if (all.length < 2) {
    return null;
  }
  const chosen = choice.series || all;
  const choose = (uids: string[]) => onChange(withSeries(choice, all, uids));
  const toggle = (uid: string) => choose(chosen.includes(uid) ? chosen.filter((each) => each !== uid) : [...chosen, uid]);
  const whole = chosen.length === all.length;
  return (
    <div className="of-series">
      <p className="text second">{say.series(chosen.length, all.length)}</p>
      {all.length > MANY && (
        <Button kind="plain" onTap={() => choose(whole ? [] : all)}>
          {whole ? say.seriesNone : say.seriesAll}
        </Button>
      )}
      {asked.answer.slice(0, shown).map((each, index) => (
        <Check key={each.uid} on={chosen.includes(each.uid)} onTap={() => toggle(each.uid)}>
          <SeriesLine series={each} number={index + 1} />
        </Check>
      ))}
      {all.length > shown && (
        <Button kind="quiet" onTap={() => setShown(shown + AT_ONCE)}>
          {say.seriesMore(all.length - shown)}
        </Button>
      )}
    </div>
  );
}

function SeriesLine({ series, number }: { series: Series; number: number }) {
  const say = useWords(shareWords);
  const [shown, setShown] = useState(true);
  return (
    <span className="series-line">
      {shown && <Picture className="series-picture" path={series.picture} words="" onError={() => setShown(false)} />}
      <span className="series-words">
        <span className="line-name">{series.description || say.seriesName(number)}</span>
        <span className="second line-more">{[series.modality, say.pictures(series.count)].filter(Boolean).join(" · ")}</span>
      </span>
    </span>
  );
}
