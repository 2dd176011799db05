// One exam in the list: item, day and hospital, how far it has come, and a small film.
import { type Exam, filmPath, SMALL_FILM } from "../api/exams";
import { open } from "../state/go";
import { nameOf, useWords } from "../words";
import { cardWords } from "../words/card";
import { sayTime } from "../words/dates";
import { NotifyMe } from "./NotifyMe";
import { Picture } from "./Picture";

const OPEN_STATES = ["examined", "in_review", "withdrawn", "preliminary"];
const WAITING = ["examined", "in_review"];

/** Name and number never stand here: a list is seen by whoever sits beside. */
export function ExamCard({ exam }: { exam: Exam }) {
  const say = useWords(cardWords);
  return (
    <>
      <button className="exam-card" onClick={() => open("exam", { id: exam.id })}>
        <span className="grow">
          <span className="exam-item">{exam.item}</span>
          <span className="second">{sayTime(exam.performed_at)}</span>
          <span className="second">{exam.hospital.name}</span>
          <State exam={exam} />
        </span>
        <Thumb exam={exam} kind={nameOf(say.categories, exam.category, exam.modality)} />
      </button>
      {process.env.TARO_ENV !== "h5" && WAITING.includes(exam.state) && <NotifyMe exam={exam} />}
    </>
  );
}

/** A word for how far it has come; colour only repeats it. */
export function State({ exam }: { exam: Exam }) {
  const say = useWords(cardWords);
  const state = exam.report?.status === "preliminary" ? "preliminary" : exam.state;
  const kind = OPEN_STATES.includes(state) ? " open" : state === "registered" ? " off" : "";
  return <span className={`state${kind}`}>{nameOf(say.stateShort, state)}</span>;
}

function Thumb({ exam, kind }: { exam: Exam; kind: string }) {
  if (!exam.films) {
    return (
      <span className="thumb none" aria-hidden="true">
        {kind}
      </span>
    );
  }
  return (
    <span className="thumb" aria-hidden="true">
      <Picture className="thumb-picture" path={filmPath(exam.id, 1, SMALL_FILM)} words="" />
    </span>
  );
}
