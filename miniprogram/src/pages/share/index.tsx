// Making a share: for whom, which exams, how long, with which passcode; what they will see stands there before it is made.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call, Problem } from "../../api/client";
import type { Exam } from "../../api/exams";
import { share as make, type Share, type Wanted } from "../../api/shares";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Check, Chips, Said } from "../../parts/Pieces";
import { ShareCard } from "../../parts/ShareCard";
import { problemOf } from "../../parts/useAnswer";
import { around, known } from "../../state/history";
import { useWords } from "../../words";
import { sayDay } from "../../words/dates";
import { later, sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import type { Offered } from "../settings/Texts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const FACE_TO_FACE = 600;
const FOR_DOCTOR = [DAY, 3 * DAY, 7 * DAY];
const FOR_OTHERS = [DAY, 7 * DAY, 30 * DAY];

export default function SharePage() {
  const say = useWords(shareWords);
  const first = Taro.getCurrentInstance().router?.params.exam || "";
  const [mine, setMine] = useState<Exam[]>([]);
  const [chosen, setChosen] = useState<string[]>(first ? [first] : []);
  const [choosing, setChoosing] = useState(!first);
  const [doctor, setDoctor] = useState(true);
  const [life, setLife] = useState(7 * DAY);
  const [passcode, setPasscode] = useState(true);
  const [download, setDownload] = useState(true);
  const [fault, setFault] = useState("");
  const [terms, setTerms] = useState<Offered | null>(null);
  const [sensitive, setSensitive] = useState(false);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<Share | null>(null);
  useEffect(() => {
    around(first).then(setMine, () => undefined);
  }, []);

  const asks = doctor || passcode;
  const seconds = asks ? life : FACE_TO_FACE;
  const create = async (confirmed = false) => {
    setFault("");
    if (!chosen.length) {
      setFault(say.chooseExam);
      return;
    }
    setBusy(true);
    const wanted: Wanted = { exams: chosen, expires_in: seconds, mask: !doctor, passcode: asks ? true : null, allow_download: download };
    try {
      setMade(await make(confirmed ? { ...wanted, confirm_sensitive: true } : wanted));
    } catch (thrown) {
      await refused(problemOf(thrown));
    }
    setBusy(false);
  };
  /** A text to agree to first, or something to confirm; anything else is said as it is. */
  const refused = async (problem: Problem) => {
    const kind = typeof problem.body.consent === "string" ? problem.body.consent : "";
    if (kind) {
      const { items } = await call<{ items: Offered[] }>("GET", "/api/v1/me/consents").catch(() => ({ items: [] as Offered[] }));
      setTerms(items.find((each) => each.kind === kind) || null);
      return;
    }
    setSensitive(/confirm_sensitive/.test(String(problem.body.detail || "") + problem.said));
    setFault(problem.said.replace(/（confirm_sensitive）| \(confirm_sensitive\)/, ""));
  };
  const agree = async () => {
    if (!terms) {
      return;
    }
    setBusy(true);
    try {
      await call("POST", "/api/v1/me/consents", { kind: terms.kind, version: terms.version, agree: true });
      setTerms(null);
      await create();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };

  if (made) {
    return (
      <Page title={say.shareReady}>
        <ShareCard share={made} onStopped={(share) => setMade(share)} />
      </Page>
    );
  }
  if (terms) {
    return (
      <Page title={say.shareTitle}>
        <p className="text">{say.shareAgree}</p>
        <Card>
          <h2 className="heading">{terms.title}</h2>
          <p className="text">{terms.text.trim()}</p>
          {fault && <Said kind="wrong">{fault}</Said>}
          <Button onTap={agree} off={busy}>
            {say.agree}
          </Button>
          <Button kind="quiet" onTap={() => setTerms(null)}>
            {say.disagree}
          </Button>
        </Card>
      </Page>
    );
  }
  const toggle = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  const listed = choosing ? mine : mine.filter((each) => chosen.includes(each.id));
  const lives = doctor ? FOR_DOCTOR : FOR_OTHERS;
  return (
    <Page title={say.shareTitle} hospital={known(first)?.hospital.code}>
      <section className="stack">
        <h2 className="heading">{say.shareWho}</h2>
        <Chips
          name={say.shareWho}
          chosen={doctor ? "doctor" : "others"}
          options={[
            ["doctor", say.forDoctor],
            ["others", say.forOthers],
          ]}
          onChoose={(said) => {
            setDoctor(said === "doctor");
            setLife(7 * DAY);
          }}
        />
        <p className="text second">{doctor ? say.forDoctorWhy : say.forOthersWhy}</p>
      </section>
      <section className="stack">
        <h2 className="heading">{say.shareWhat}</h2>
        <Card>
          {!mine.length && <Bones cards={1} />}
          {listed.map((each) => (
            <Check key={each.id} on={chosen.includes(each.id)} onTap={() => toggle(each.id)}>
              <span className="line-name">{each.item}</span>
              <span className="second line-more">
                {sayDay(each.performed_at)} · {each.hospital.name}
              </span>
            </Check>
          ))}
          {!choosing && (
            <Button kind="plain" onTap={() => setChoosing(true)}>
              {say.shareMore}
            </Button>
          )}
        </Card>
      </section>
      {asks && (
        <section className="stack">
          <h2 className="heading">{say.shareFor}</h2>
          <Chips
            name={say.shareFor}
            chosen={String(life)}
            options={lives.map((each) => [String(each), each === DAY ? say.hours(24) : say.daysFor(each / DAY)])}
            onChoose={(said) => setLife(Number(said))}
          />
        </section>
      )}
      <Card>
        {!doctor && (
          <Check on={passcode} onTap={() => setPasscode(!passcode)}>
            {say.sharePasscode}
          </Check>
        )}
        <p className="text second">{asks ? say.sharePasscodeWhy : say.faceToFace}</p>
        <Check on={download} onTap={() => setDownload(!download)}>
          {say.shareDownload}
        </Check>
      </Card>
      <section className="meaning stack">
        <p className="text strong">{say.sharePreview}</p>
        <p className="text">{doctor ? say.previewNamed : say.previewMasked}</p>
        <p className="text">{say.exams(chosen.length)} · {say.previewUntil(sayMoment(later(seconds)))}</p>
      </section>
      {fault && <Said kind="wrong">{fault}</Said>}
      <Button onTap={() => create(sensitive)} off={busy}>
        {say.shareMake}
      </Button>
    </Page>
  );
}
