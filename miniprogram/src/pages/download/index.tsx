// Downloading: how large it is first, then all of it or one series with real progress; or on a computer, by a code.
import Taro from "@tarojs/taro";
import { useState } from "react";

import { type Manifest, manifest as askManifest, type OnPc, onPc, zipPath } from "../../api/downloads";
import { exam as askExam, WAITING } from "../../api/exams";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Empty, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { replace } from "../../state/go";
import { known } from "../../state/history";
import { useWords } from "../../words";
import { sayTime } from "../../words/dates";
import { downloadWords } from "../../words/download";
import { sayMoment } from "../../words/moments";
import { saySize } from "../../words/sizes";
import { type Taking, useTaking } from "./taking";
import "./index.css";

const MIB = 1024 * 1024;
const WIFI_BYTES = 20 * MIB; // from here on the network matters
const MOST_IN_PAGE_BYTES = 400 * MIB; // held in memory until it is whole; the browser's own download takes what is larger
// A mini-program, and the browsers inside the two apps, keep no archive.
const KEEPS_FILES = process.env.TARO_ENV === "h5" && !/MicroMessenger|AlipayClient/.test(navigator.userAgent);

export default function Download() {
  const say = useWords(downloadWords);
  const id = Taro.getCurrentInstance().router?.params.exam || "";
  const asked = useAnswer(() => askManifest(id), [id]);
  const exam = useAnswer(() => askExam(id), [id]).answer || known(id);
  const shown = asked.answer;
  const nothing = shown && !shown.report && !shown.films.length && !shown.series.length;
  return (
    <Page title={say.downloadTitle} hospital={exam?.hospital.code}>
      {exam && (
        <section>
          <h2 className="large">{exam.item}</h2>
          <p className="text second">
            {sayTime(exam.performed_at)} · {exam.hospital.name}
          </p>
        </section>
      )}
      {asked.problem && <ExamFault exam={id} problem={asked.problem} again={asked.again} />}
      {!shown && !asked.problem && <Bones cards={2} />}
      {nothing && (
        <Empty title={exam && WAITING.includes(exam.state) ? exam.state_text : say.nothing}>
          <Button kind="quiet" onTap={() => replace("exam", { id })}>
            {say.toExam}
          </Button>
        </Empty>
      )}
      {shown && !nothing && (KEEPS_FILES ? <Here id={id} shown={shown} day={exam?.performed_at} /> : <InApp shown={shown} />)}
      {shown && !nothing && <Elsewhere id={id} />}
    </Page>
  );
}

function Here({ id, shown, day }: { id: string; shown: Manifest; day?: string }) {
  const say = useWords(downloadWords);
  const { taking, take, stop } = useTaking();
  const name = `exam-${(day || "").slice(0, 10).replace(/-/g, "")}.zip`;
  const busy = taking?.state === "running";
  const progress = (path: string) =>
    taking?.path === path && <Progress taking={taking} onStop={stop} onGoOn={() => take(taking.path, taking.name)} />;
  return (
    <div className="loose">
      <Card>
        <p className="text">{say.wholeInside(inside(shown, say))}</p>
        {shown.bytes > MOST_IN_PAGE_BYTES && <Said>{say.large}</Said>}
        {shown.bytes > WIFI_BYTES && shown.bytes <= MOST_IN_PAGE_BYTES && <p className="text second">{say.wifi}</p>}
        {progress(zipPath(id))}
        {shown.bytes > MOST_IN_PAGE_BYTES ? (
          <a className="button" href={zipPath(id)} download={name}>
            {say.whole}（{saySize(shown.bytes)}）
          </a>
        ) : (
          <Button onTap={() => take(zipPath(id), name)} off={busy}>
            {say.whole}（{saySize(shown.bytes)}）
          </Button>
        )}
      </Card>
      {shown.series.length > 1 && (
        <Card>
          <h2 className="heading">{say.oneSeries}</h2>
          <ul className="lines">
            {shown.series.map((each, index) => (
              <li className="line" key={each.uid}>
                <span className="grow">
                  <span className="line-name">{[each.modality, each.description].filter(Boolean).join(" ") || say.seriesNone}</span>
                  <span className="second line-more">
                    {say.files(each.count)} · {saySize(each.bytes)}
                  </span>
                </span>
                <Button
                  kind="plain"
                  off={busy}
                  name={`${say.downloadTitle} ${index + 1}: ${each.description || say.seriesNone}`}
                  onTap={() => take(zipPath(id, each.uid), name.replace(".zip", `-${index + 1}.zip`))}
                >
                  {say.downloadTitle}
                </Button>
                {taking?.path === zipPath(id, each.uid) && <div className="taking">{progress(zipPath(id, each.uid))}</div>}
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

function Progress({ taking, onStop, onGoOn }: { taking: Taking; onStop: () => void; onGoOn: () => void }) {
  const say = useWords(downloadWords);
  if (taking.state === "done") {
    return <Said kind="good">{say.done}</Said>;
  }
  const left = taking.secondsLeft;
  const words = left === null ? "" : say.left(left < 90 ? say.seconds(left) : say.minutes(Math.round(left / 60)));
  return (
    <div className="stack">
      {taking.state === "broken" && <Said kind="wrong">{say.brokeOff}</Said>}
      <progress className="progress" max={taking.all || 1} value={taking.done} aria-label={say.downloading} />
      <p className="text second" role="status">
        {say.progress(saySize(taking.done), saySize(taking.all))} {words}
      </p>
      <p className="text second">{say.keepOpen}</p>
      <div className="row">
        {taking.state === "broken" && <Button onTap={onGoOn}>{say.goOn}</Button>}
        <Button kind="quiet" onTap={onStop}>
          {say.stop}
        </Button>
      </div>
    </div>
  );
}

/** A mini-program can keep no archive. */
function InApp({ shown }: { shown: Manifest }) {
  const say = useWords(downloadWords);
  return (
    <Card>
      <p className="text">{say.wholeInside(inside(shown, say))}</p>
      <p className="text strong">{say.size(saySize(shown.bytes))}</p>
      <p className="text second">{process.env.TARO_ENV === "h5" ? say.appNo : say.miniNo}</p>
    </Card>
  );
}

function Elsewhere({ id }: { id: string }) {
  const say = useWords(downloadWords);
  const [code, setCode] = useState<OnPc | null>(null);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    setFault("");
    try {
      setCode(await onPc(id));
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  return (
    <Card>
      <h2 className="heading">{say.onPc}</h2>
      <p className="text second">{say.onPcWhy}</p>
      {fault && <Said kind="wrong">{fault}</Said>}
      {code && (
        <div className="stack">
          <div>
            <p className="text second">{say.onPcOpen}</p>
            <p className="text address">{code.address}</p>
          </div>
          <div>
            <p className="text second">{say.onPcCode}</p>
            <p className="text digits">{`${code.code.slice(0, 4)} ${code.code.slice(4)}`}</p>
          </div>
          <p className="text second">{say.onPcUntil(sayMoment(code.expires_at))}</p>
        </div>
      )}
      <Button kind={KEEPS_FILES || code ? "quiet" : ""} onTap={make} off={busy}>
        {code ? say.onPcAgain : say.onPcMake}
      </Button>
    </Card>
  );
}

function inside(shown: Manifest, say: typeof downloadWords.zh): string {
  const images = shown.series.reduce((sum, each) => sum + each.count, 0);
  return [
    shown.report ? say.insideReport : "",
    shown.films.length ? say.insideFilms(shown.films.length) : "",
    images ? say.insideImages(images) : "",
    say.insideReadme,
  ]
    .filter(Boolean)
    .join("、");
}
