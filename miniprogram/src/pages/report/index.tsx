// The report as one long page: what counts now, what changed, what its words mean; as PDF and read aloud.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { exam as askExam, WAITING } from "../../api/exams";
import { pdfPath, picturePath, type Piece, type Report, report as askReport, type Term, terms as askTerms } from "../../api/reports";
import { token } from "../../api/tokens";
import { addressOf } from "../../api/transport";
import { Call } from "../../parts/HospitalPhone";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Picture } from "../../parts/Picture";
import { Bones, Button, Card, Empty, Said } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { replace } from "../../state/go";
import { known } from "../../state/history";
import { useSeenAt } from "../../state/seen";
import { useWords } from "../../words";
import { sayTime } from "../../words/dates";
import { sayMoment } from "../../words/moments";
import { reportWords } from "../../words/report";
import { canSpeak, useVoice } from "./voice";
import "./index.css";

export default function ReportPage() {
  const say = useWords(reportWords);
  const id = Taro.getCurrentInstance().router?.params.exam || "";
  const asked = useAnswer(() => askReport(id), [id]);
  const exam = useAnswer(() => askExam(id), [id]).answer || known(id);
  const shown = asked.answer;
  return (
    <Page title={say.reportTitle} hospital={exam?.hospital.code}>
      {exam && (
        <section>
          <h2 className="large">{exam.item}</h2>
          <p className="text second">
            {sayTime(exam.performed_at)} · {exam.hospital.name}
          </p>
        </section>
      )}
      {asked.problem?.kind === "missing" && exam && (
        <Empty title={WAITING.includes(exam.state) ? exam.state_text : say.reportNone}>
          <Button kind="quiet" onTap={() => replace("exam", { id })}>
            {say.toExam}
          </Button>
        </Empty>
      )}
      {asked.problem && !(asked.problem.kind === "missing" && exam) && <ExamFault exam={id} problem={asked.problem} again={asked.again} />}
      {!shown && !asked.problem && <Bones cards={2} />}
      {shown && (shown.status === "withdrawn" ? <Withdrawn report={shown} /> : <Shown id={id} report={shown} />)}
    </Page>
  );
}

function Withdrawn({ report }: { report: Report }) {
  const say = useWords(reportWords);
  return (
    <div className="stack">
      <Said>{say.withdrawn}</Said>
      {report.help_phone && <Call phone={report.help_phone} />}
    </div>
  );
}

function Shown({ id, report }: { id: string; report: Report }) {
  const say = useWords(reportWords);
  const [comparing, setComparing] = useState(false);
  const explained = useAnswer(() => askTerms(id), [id]).answer;
  const words = explained?.items || [];
  const parts = [
    { name: "findings" as const, title: say.findings, text: report.findings || "" },
    { name: "impression" as const, title: say.impression, text: report.impression || "" },
  ];
  return (
    <div className="loose">
      {report.status === "preliminary" && <Said>{say.preliminary}</Said>}
      {report.status === "corrected" && <Said>{say.corrected}</Said>}
      {report.changes && (
        <Button kind="quiet" onTap={() => setComparing(!comparing)}>
          {comparing ? say.changedClose : say.changed}
        </Button>
      )}
      {parts.map(({ name, title, text }) => (
        <Card key={name}>
          <h2 className="heading">{title}</h2>
          {comparing && report.changes ? (
            <Compared pieces={report.changes[name]} />
          ) : (
            <Explained text={text} terms={words} part={name} notice={explained?.notice || ""} />
          )}
        </Card>
      ))}
      {words.length > 0 && !comparing && <p className="text small">{say.termsHint}</p>}
      <Signed report={report} />
      {report.picture && (
        <Card>
          <h2 className="heading">{say.picture}</h2>
          <Picture className="report-picture" path={picturePath(id)} words={say.picture} />
        </Card>
      )}
      <Ways id={id} report={report} spoken={parts.map(({ title, text }) => `${title}。${text}`).join("\n")} />
    </div>
  );
}

/** What was added and taken away, in words and marks, not in colour alone. */
function Compared({ pieces }: { pieces: Piece[] }) {
  const say = useWords(reportWords);
  return (
    <p className="text">
      {pieces.map((piece, index) =>
        piece.op === "same" ? (
          <span key={index}>{piece.text}</span>
        ) : (
          <span className={`piece ${piece.op}`} key={index}>
            <span className="piece-word">{piece.op === "added" ? say.added : say.removed}</span>
            {piece.text}
          </span>
        ),
      )}
    </p>
  );
}

/** The text; a word that has an explanation opens it right below. */
function Explained({ text, terms, part, notice }: { text: string; terms: Term[]; part: string; notice: string }) {
  const [chosen, setChosen] = useState<Term | null>(null);
  const marks = terms
    .flatMap((term) => term.places.filter((place) => place.in === part).map((place) => ({ ...place, term })))
    .sort((one, other) => one.begin - other.begin);
  const letters = Array.from(text); // places count characters
  const pieces: { text: string; term?: Term }[] = [];
  let at = 0;
  for (const mark of marks) {
    if (mark.begin < at) {
      continue; // one word inside another
    }
    pieces.push({ text: letters.slice(at, mark.begin).join("") });
    pieces.push({ text: letters.slice(mark.begin, mark.end).join(""), term: mark.term });
    at = mark.end;
  }
  pieces.push({ text: letters.slice(at).join("") });
  return (
    <div className="stack">
      <p className="text report-text">
        {pieces.map(({ text: piece, term }, index) =>
          term ? (
            <button
              className="term"
              key={index}
              aria-expanded={chosen === term}
              onClick={() => setChosen(chosen === term ? null : term)}
            >
              {piece}
            </button>
          ) : (
            <span key={index}>{piece}</span>
          ),
        )}
      </p>
      {chosen && (
        <div className="meaning stack" role="status">
          <p className="text">
            <span className="meaning-word">{chosen.term}</span>：{chosen.meaning}
          </p>
          <p className="text small">{notice}</p>
        </div>
      )}
    </div>
  );
}

function Signed({ report }: { report: Report }) {
  const say = useWords(reportWords);
  const lines: [string, string | null | undefined][] = [
    [say.reportingDoctor, report.reporting_doctor],
    [say.verifyingDoctor, report.verifying_doctor],
    [say.reportedAt, report.reported_at && sayMoment(report.reported_at)],
    [say.verifiedAt, report.verified_at && sayMoment(report.verified_at)],
  ];
  return (
    <div className="pairs">
      {lines
        .filter(([, said]) => said)
        .map(([name, said]) => (
          <div className="pair" key={name}>
            <span className="second">{name}</span>
            <span>{said}</span>
          </div>
        ))}
    </div>
  );
}

function Ways({ id, report, spoken }: { id: string; report: Report; spoken: string }) {
  const say = useWords(reportWords);
  const voice = useVoice();
  const online = useSeenAt() === ""; // the PDF is not kept
  const [fault, setFault] = useState("");
  useEffect(() => voice.stop, []);
  const inApp = async () => {
    setFault("");
    try {
      const header = { Authorization: `Bearer ${token()}` };
      const told = await Taro.downloadFile({ url: addressOf(pdfPath(id)), header });
      await Taro.openDocument({ filePath: told.tempFilePath, fileType: "pdf", showMenu: true });
    } catch {
      setFault(say.pdfFailed);
    }
  };
  return (
    <div className="stack">
      {fault && <Said kind="wrong">{fault}</Said>}
      {report.pdf && process.env.TARO_ENV !== "h5" && <Button onTap={inApp}>{say.openPdf}</Button>}
      {report.pdf && online && process.env.TARO_ENV === "h5" && (
        <div className="row">
          <a className="button" href={pdfPath(id)} target="_blank" rel="noreferrer">
            {say.openPdf}
          </a>
          <a className="button quiet" href={pdfPath(id)} download="report.pdf">
            {say.savePdf}
          </a>
        </div>
      )}
      {canSpeak() && (
        <Button kind="quiet" onTap={() => (voice.speaking ? voice.stop() : voice.say(spoken))}>
          {voice.speaking ? say.stopReading : say.readAloud}
        </Button>
      )}
    </div>
  );
}
