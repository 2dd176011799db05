// My exams of all hospitals in one list: found by hospital, kind, day and words.
import { useDidShow } from "@tarojs/taro";
import { useEffect, useState } from "react";

import { closed as askClosed, type ClosedPage } from "../../api/activations";
import { ANY, type Exam, type ExamQuery, exams } from "../../api/exams";
import { ExamCard } from "../../parts/ExamCard";
import { Field } from "../../parts/Field";
import { Page } from "../../parts/Page";
import { Bones, Button, Empty, Fault, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { open } from "../../state/go";
import { hasChanged, remember } from "../../state/history";
import { useSteps } from "../../state/steps";
import { useWords } from "../../words";
import { examsWords } from "../../words/exams";
import { Closed } from "./Closed";
import { Filter } from "./Filter";
import "./index.css";

const NOTHING_CLOSED: ClosedPage = { items: [], next: null, notices: [] };

export default function Exams() {
  const say = useWords(examsWords);
  const [query, setQuery] = useState<ExamQuery>(ANY);
  const [typed, setTyped] = useState("");
  const [filtering, setFiltering] = useState(false);
  useSteps(filtering ? 1 : 0, () => setFiltering(false));
  const first = useAnswer(() => exams(query), [query]);
  const [further, setFurther] = useState<{ items: Exam[]; next: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState(""); // of the further ones
  useEffect(() => setFurther(null), [first.answer]);
  useDidShow(() => hasChanged() && first.again());

  const shown = first.answer ? [...first.answer.items, ...(further?.items || [])] : [];
  const next = further ? further.next : first.answer?.next || null;
  useEffect(() => remember(shown), [shown.length, first.answer]);
  const more = async () => {
    setBusy(true);
    setFault("");
    try {
      const page = await exams(query, next || "");
      setFurther({ items: [...(further?.items || []), ...page.items], next: page.next });
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  const answered = first.answer !== null;
  useEffect(() => {
    if (process.env.TARO_ENV === "h5" && answered) {
      void import("../exam/index").catch(() => undefined); // 4 kB ahead of the tap
    }
  }, [answered]);
  const filters = [query.hospital, query.category, query.from || query.to, query.sort].filter(Boolean).length;
  const narrowed = filters > 0 || query.q !== "";
  const closed = useAnswer(async () => (answered && !narrowed ? askClosed() : NOTHING_CLOSED), [answered, narrowed]);
  const clear = () => {
    setTyped("");
    setQuery(ANY);
  };

  const signedIn = first.problem?.kind !== "login"; // else there is nothing to search

  return (
    <Page
      title={say.examsTitle}
      first
      aside={
        <Button kind="plain" onTap={() => open("settings")}>
          {say.settings}
        </Button>
      }
    >
      {signedIn && (
        <>
          <div className="finder">
            <Field
              name={say.searchName}
              hidden
              kind="search"
              hint={say.search}
              value={typed}
              most={100}
              onChange={(words) => {
                setTyped(words);
                if (!words) {
                  setQuery({ ...query, q: "" });
                }
              }}
              onDone={() => setQuery({ ...query, q: typed.trim() })}
            />
            <Button kind="quiet" onTap={() => setQuery({ ...query, q: typed.trim() })}>
              {say.find}
            </Button>
          </div>
          <div className="under-finder">
            <span className="second" role="status">
              {first.answer ? say.found(shown.length, next !== null) : ""}
            </span>
            <span>
              {narrowed && (
                <Button kind="plain" onTap={clear}>
                  {say.clear}
                </Button>
              )}
              <Button kind="plain" onTap={() => setFiltering(!filtering)}>
                {filtering ? say.close : filters ? say.filterOn(filters) : say.filter}
              </Button>
            </span>
          </div>
        </>
      )}
      {filtering && <Filter query={query} onChange={setQuery} />}
      {first.problem && <Fault problem={first.problem} again={first.again} />}
      {!first.answer && !first.problem && <Bones />}
      {first.answer && shown.length === 0 && (narrowed || closed.problem || closed.answer?.items.length === 0) && (
        <Empty title={narrowed ? say.nothingFound : say.noExams}>
          {narrowed ? (
            <Button kind="quiet" onTap={clear}>
              {say.clear}
            </Button>
          ) : (
            <Button onTap={() => open("bind")}>{say.bind}</Button>
          )}
        </Empty>
      )}
      {shown.length > 0 && (
        <ul className="exams">
          {shown.map((exam) => (
            <li key={exam.id}>
              <ExamCard exam={exam} />
            </li>
          ))}
        </ul>
      )}
      {fault && <Said kind="wrong">{fault}</Said>}
      {next && (
        <Button kind="quiet" onTap={more} off={busy}>
          {say.more}
        </Button>
      )}
      {first.answer && !next && closed.answer && closed.answer.items.length > 0 && <Closed first={closed.answer} />}
    </Page>
  );
}
