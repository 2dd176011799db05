// One exam: report, film and images, each with what is inside; and the ways to the one before and after it.
import Taro from "@tarojs/taro";
import { useEffect, useRef, useState } from "react";

import { exam as askExam, type Exam, type ExamDetail, WAITING } from "../../api/exams";
import { mayBeShared } from "../../api/shares";
import { State } from "../../parts/ExamCard";
import { NotifyMe } from "../../parts/NotifyMe";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Bones, Button, Card } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { open, openViewer } from "../../state/go";
import { around, known } from "../../state/history";
import { useSeenAt } from "../../state/seen";
import { useWords } from "../../words";
import { sayTime } from "../../words/dates";
import { examWords } from "../../words/exam";
import { saySize } from "../../words/sizes";
import "./index.css";

const SWIPE_PX = 72;

export default function ExamPage() {
  const say = useWords(examWords);
  const [id, setId] = useState(Taro.getCurrentInstance().router?.params.id || "");
  const asked = useAnswer(() => askExam(id), [id]);
  const [history, setHistory] = useState<Exam[]>([]);
  useEffect(() => {
    around(id).then(setHistory, () => undefined);
  }, [id]);
  const answered = asked.answer !== null;
  useEffect(() => {
    if (process.env.TARO_ENV === "h5" && answered) {
      void import("../film/index").catch(() => undefined); // 4 kB ahead of the tap
    }
  }, [answered]);
  const shown: Partial<ExamDetail> & Exam | undefined = asked.answer || known(id);
  const place = history.findIndex((each) => each.id === id);
  const step = (by: number) => {
    const next = history[place + by];
    if (next) {
      setId(next.id);
      rewrite(next.id);
    }
  };
  const swipe = useSwipe(step);
  const online = useSeenAt() === "";

  return (
    <Page title={say.examTitle} hospital={shown?.hospital.code}>
      {asked.problem && <ExamFault exam={id} problem={asked.problem} again={asked.again} />}
      {!shown && !asked.problem && <Bones cards={2} />}
      {shown && !asked.problem && (
        <div className="loose" {...swipe}>
          <section className="stack">
            <h2 className="large">{shown.item}</h2>
            <p className="text second">
              {sayTime(shown.performed_at)} · {placeOf(shown)}
            </p>
            <State exam={shown} />
            {shown.state_text && !isPlain(shown) && <p className="text">{shown.state_text}</p>}
            {WAITING.includes(shown.state) && shown.state !== "registered" && <NotifyMe exam={shown} />}
          </section>
          <Entries exam={shown} say={say} online={online} />
          <Card>
            {mayBeShared(shown) ? (
              <Button kind="quiet" onTap={() => open("share", { exam: id })}>
                {say.share}
              </Button>
            ) : (
              <p className="text second">{shown.state === "withdrawn" ? say.shareCorrected : say.shareLater}</p>
            )}
            <div className="ways">
              {!isBare(shown) && (
                <Button kind="plain" onTap={() => open("download", { exam: id })}>
                  {say.download}
                </Button>
              )}
              <Button kind="plain" onTap={() => open("looked", { exam: id })}>
                {say.whoLooked}
              </Button>
              <Button kind="plain" onTap={() => open("feedback", { exam: id, hospital: shown.hospital.code })}>
                {say.feedback}
              </Button>
            </div>
          </Card>
          {place >= 0 && history.length > 1 && (
            <nav className="stack" aria-label={say.place(place + 1, history.length)}>
              <div className="row">
                <Button kind="quiet" off={place === 0} onTap={() => step(-1)}>
                  {say.newer}
                </Button>
                <Button kind="quiet" off={place === history.length - 1} onTap={() => step(1)}>
                  {say.older}
                </Button>
              </div>
              <p className="text small middle">{say.place(place + 1, history.length)}</p>
            </nav>
          )}
        </div>
      )}
    </Page>
  );
}

interface EntriesProps {
  exam: Partial<ExamDetail> & Exam;
  say: typeof examWords.zh;
  online: boolean;
}

function Entries({ exam, say, online }: EntriesProps) {
  const images = () =>
    exam.studies.length === 1 ? openViewer({ study: exam.studies[0], exam: exam.id }) : open("images", { id: exam.id });
  const withdrawn = exam.state === "withdrawn"; // its page says so, and whom to call
  const toCome = WAITING.includes(exam.state) ? say.notYet : say.none;
  const report = withdrawn ? say.reportWithdrawn : exam.report ? reportWords(exam.report.status, say) : say.notYet;
  const size = exam.image_bytes ? saySize(exam.image_bytes) : "";
  const inside = exam.images ? say.imageCount(exam.images) : exam.elsewhere_url ? say.elsewhere : toCome;
  return (
    <div className="entries">
      <Entry word={say.report} inside={report} off={!exam.report && !withdrawn} onTap={() => open("report", { exam: exam.id })} />
      <Entry
        word={say.film}
        inside={exam.films ? say.filmPages(exam.films) : exam.images ? say.notYet : toCome}
        off={!exam.films}
        onTap={() => open("film", { id: exam.id })}
      />
      <Entry
        word={say.images}
        inside={online ? inside : say.imagesNeedNetwork}
        size={online ? size : ""}
        off={!online || (!exam.images && !exam.elsewhere_url)}
        onTap={images}
      />
    </div>
  );
}

function reportWords(status: string, say: typeof examWords.zh): string {
  const words: Record<string, string> = { preliminary: say.reportPreliminary, corrected: say.reportCorrected };
  return words[status] || say.reportPages;
}

interface EntryProps {
  word: string;
  inside: string;
  size?: string;
  off: boolean;
  onTap: () => void;
}

function Entry({ word, inside, size, off, onTap }: EntryProps) {
  return (
    <button className={`tile${off ? " off" : ""}`} disabled={off} onClick={onTap}>
      <span className="tile-word">{word}</span>
      <span className="tile-inside">
        <span>{inside}</span>
        {size && <span> {size}</span>}
      </span>
    </button>
  );
}

/** There is nothing yet to share or to take along. */
function isBare(exam: Exam): boolean {
  return !exam.report && !exam.films && !exam.images;
}

/** The word on the chip says all there is to say. */
function isPlain(exam: Exam): boolean {
  return exam.state === "reported" && exam.report?.status !== "preliminary";
}

function placeOf(exam: Exam): string {
  return [exam.hospital.name, exam.campus_name, exam.department_name].filter(Boolean).join(" ");
}

/** The address follows, so that opening it again shows the same exam. */
function rewrite(id: string): void {
  if (process.env.TARO_ENV === "h5") {
    const at = window.location.hash.replace(/([?&]id=)[^&]*/, `$1${encodeURIComponent(id)}`);
    window.history.replaceState(window.history.state, "", at);
  }
}

type Touches = { changedTouches: ArrayLike<{ clientX: number; clientY: number }> };

/** A finger that moves sideways more than up or down. */
function useSwipe(step: (by: number) => void) {
  const begun = useRef<{ x: number; y: number } | null>(null);
  return {
    onTouchStart: (event: Touches) => {
      const touch = event.changedTouches[0];
      begun.current = { x: touch.clientX, y: touch.clientY };
    },
    onTouchEnd: (event: Touches) => {
      const touch = event.changedTouches[0];
      const from = begun.current;
      if (from && Math.abs(touch.clientX - from.x) > Math.max(SWIPE_PX, 2 * Math.abs(touch.clientY - from.y))) {
        step(touch.clientX < from.x ? 1 : -1);
      }
      begun.current = null;
    },
  };
}
