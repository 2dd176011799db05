// The fourth step: each exam as the other side will see it, its pictures made by the server as it makes them for them.
import { useEffect, useState } from "react";

import { type Choice, preview, type Shown } from "../../api/shares";
import { Picture } from "../../parts/Picture";
import { Bones, Button, Card, Fault, Said } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { useWords } from "../../words";
import { sayDay, sayTime } from "../../words/dates";
import { later, sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { type Draft, lifeOf } from "./draft";

interface Previewed {
  draft: Draft;
  onReady: (yes: boolean) => void; // all of it is there to be looked at, or said not to be
}

export function Preview({ draft, onReady }: Previewed) {
  const say = useWords(shareWords);
  const [told, setTold] = useState<string[]>([]);
  const ready = draft.choices.every(({ exam }) => told.includes(exam));
  useEffect(() => {
    onReady(ready);
    return () => onReady(false);
  }, [ready]);
  const how = [draft.passcode ? say.previewWithCode : say.previewOnce, draft.download ? say.previewDownload : say.previewLooking];
  return (
    <section className="stack">
      <h2 className="large">{say.sharePreview}</h2>
      <p className="text second">{say.sharePreviewWhy}</p>
      {draft.choices.map((each) => (
        <One
          key={each.exam}
          choice={each}
          mask={draft.hidden}
          atOnce={draft.choices.length === 1}
          onTold={() => setTold((before) => [...before, each.exam])}
        />
      ))}
      <div className="meaning">
        <p className="text strong">{how.join(" · ")}</p>
        <p className="text">{say.previewUntil(sayMoment(later(lifeOf(draft))))}</p>
      </div>
    </section>
  );
}

interface OfExam {
  choice: Choice;
  mask: boolean;
  atOnce: boolean;
  onTold: () => void;
}

function One({ choice, mask, atOnce, onTold }: OfExam) {
  const say = useWords(shareWords);
  const asked = useAnswer(() => preview(choice, mask), [choice.exam, mask]);
  const told = Boolean(asked.answer || asked.problem);
  useEffect(() => {
    if (told) {
      onTold();
    }
  }, [told]);
  if (asked.problem) {
    return <Fault problem={asked.problem} again={asked.again} />;
  }
  if (!asked.answer) {
    return <Bones cards={1} />;
  }
  const shown = asked.answer;
  const images = shown.pictures.filter((each) => each.kind === "image");
  const film = shown.pictures.find((each) => each.kind === "film");
  const pdf = Boolean(shown.report_shown) && !mask && Boolean(choice.series || (choice.parts && !choice.parts.includes("images")));
  return (
    <Card>
      <div>
        <h3 className="heading">{shown.item}</h3>
        <p className="text second">
          {sayTime(shown.performed_at)} · {shown.hospital.name}
        </p>
        <p className="text preview-patient">
          <span className="second">{say.previewPatient}</span> {patientOf(shown)}
        </p>
      </div>
      <Report shown={shown} />
      {film && <p className="text second">{say.previewFilm(film.count)}</p>}
      {film && <Small className="preview-film" path={film.path} words={say.previewFilm(film.count)} atOnce={atOnce} />}
      {images.length > 0 && <p className="text second">{say.previewImages(shown.images)}</p>}
      {images.length > 0 && (
        <div className="preview-images">
          {images.map((each, index) => (
            <Small
              key={each.path}
              className="preview-image"
              path={each.path}
              atOnce={atOnce}
              words={`${each.description || say.seriesName(index + 1)} · ${say.pictures(each.count)}`}
            />
          ))}
        </div>
      )}
      <Stays shown={shown} choice={choice} none={!film && !images.length} />
      {pdf && <p className="text second">{say.previewReportPdf}</p>}
    </Card>
  );
}

function patientOf({ patient }: Shown): string {
  const born = patient.birth_date ? sayDay(patient.birth_date) : patient.birth_year ? String(patient.birth_year) : "";
  return [patient.name, born].filter(Boolean).join(" · ");
}

function Report({ shown }: { shown: Shown }) {
  const say = useWords(shareWords);
  const [whole, setWhole] = useState(false);
  const report = shown.report_shown;
  if (!report) {
    return null;
  }
  return (
    <div className="preview-report">
      <p className="text second">{say.previewReport}</p>
      <p className={`text${whole ? "" : " preview-text"}`}>{[report.findings, report.impression].filter(Boolean).join("\n")}</p>
      {!whole && (
        <Button kind="plain" onTap={() => setWhole(true)}>
          {say.previewReportWhole}
        </Button>
      )}
      {report.notice && <p className="text small">{report.notice}</p>}
    </div>
  );
}

/** What does not leave: by the mask, or because it was not chosen. */
function Stays({ shown, choice, none }: { shown: Shown; choice: Choice; none: boolean }) {
  const say = useWords(shareWords);
  const { images, films } = shown.stays_here;
  const words = { report: say.report, film: say.partFilm, images: say.partImages };
  const missing = choice.parts ? (["report", "film", "images"] as const).filter((each) => !choice.parts?.includes(each)) : [];
  const expected = !choice.parts || choice.parts.includes("images");
  return (
    <>
      {images > 0 && <Said>{say.staysImages(images)}</Said>}
      {films > 0 && <Said>{say.staysFilms(films)}</Said>}
      {none && expected && !images && <p className="text second">{say.previewNone}</p>}
      {missing.length > 0 && <p className="text second">{say.youLeftOut(say.all(missing.map((each) => words[each])))}</p>}
    </>
  );
}

interface SmallPicture {
  path: string;
  words: string;
  className: string;
  atOnce: boolean; // else once it comes into view
}

function Small({ path, words, className, atOnce }: SmallPicture) {
  const say = useWords(shareWords);
  const [failed, setFailed] = useState(false);
  return (
    <div className={className}>
      {failed ? (
        <span className="small">{say.pictureNot}</span>
      ) : (
        <Picture className="preview-picture" path={path} words={words} onError={() => setFailed(true)} atOnce={atOnce} />
      )}
      {className === "preview-image" && <span className="preview-words small">{words}</span>}
    </div>
  );
}
