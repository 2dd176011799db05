// Sharing in four steps: for whom, what, how it is opened, and what they will see; then the code to show.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { mayBeShared, one, type Share } from "../../api/shares";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Bones, Button, Said } from "../../parts/Pieces";
import { ShareCard } from "../../parts/share/ShareCard";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { around, known } from "../../state/history";
import { useSteps } from "../../state/steps";
import { toTop } from "../../state/top";
import { useWords } from "../../words";
import { shareWords } from "../../words/share";
import { begun, type Draft, likeThat, settled } from "./draft";
import { How } from "./How";
import { useMaking } from "./making";
import { Preview } from "./Preview";
import { Terms } from "./Terms";
import { What } from "./What";
import { Who } from "./Who";
import "./index.css";

const STEPS = 4;
const MOST_SERIES = 100; // that may be named one by one: the preview asks for them in its address
const WHO = 1;
const WHAT = 2;
const HOW = 3;
const PREVIEW = 4;

export default function SharePage() {
  const say = useWords(shareWords);
  const [{ exam: first = "", again = "" }] = useState(() => Taro.getCurrentInstance().router?.params || {});
  const asked = useAnswer(() => around(first), []);
  const mine = asked.answer;
  const [draft, setDraft] = useState<Draft>(() => begun(first));
  const [step, setStep] = useState(WHO);
  const [fault, setFault] = useState("");
  const [seen, setSeen] = useState(false); // the preview, which moves the button while it comes
  const [made, setMade] = useState<Share | null>(null);
  useEffect(() => {
    const isShared = (id: string) => !mine || mine.every((each) => each.id !== id || mayBeShared(each));
    if (!draft.choices.every(({ exam }) => isShared(exam))) {
      setDraft((before) => ({ ...before, choices: before.choices.filter(({ exam }) => isShared(exam)) }));
      setFault(say.shareNotYet);
    }
  }, [mine]);
  useEffect(() => {
    if (again) {
      one(again).then(
        (share) => {
          setDraft(likeThat(share));
          setStep(HOW);
        },
        (thrown) => setFault(problemOf(thrown).said),
      );
    }
  }, []);
  const change = (more: Partial<Draft>) => {
    setFault("");
    setDraft((before) => settled({ ...before, ...more }));
  };
  const go = (to: number) => {
    const missing = missingIn(draft, say);
    if (to > WHAT && missing) {
      setFault(missing);
      return;
    }
    setFault("");
    setStep(to);
  };
  useEffect(toTop, [step, Boolean(made)]);
  const making = useMaking(draft, setMade, setFault);
  const begin = again ? HOW : WHO; // from here the phone's back leaves the page
  const backTo = (depth: number) => {
    making.refuse();
    setFault("");
    setStep(begin + depth);
  };
  useSteps(made ? 0 : Math.max(0, step - begin) + (making.terms ? 1 : 0), backTo, say.shareLeave);

  if (made) {
    return (
      <Page title={made.state === "revoked" ? say.shareTitle : say.shareReady}>
        <ShareCard share={made} onChanged={setMade} />
      </Page>
    );
  }
  if (making.terms) {
    return (
      <Page title={say.shareTitle} onBack={making.refuse}>
        <Terms terms={making.terms} fault={fault} busy={making.busy} onAgree={making.agree} onRefuse={making.refuse} />
      </Page>
    );
  }
  if (asked.problem) {
    return (
      <Page title={say.shareTitle}>
        <ExamFault exam={first} problem={asked.problem} again={asked.again} />
      </Page>
    );
  }
  const choose = (doctor: boolean) => {
    change({ hidden: !doctor });
    go(WHAT);
  };
  return (
    <Page title={say.shareTitle} hospital={known(first)?.hospital.code} onBack={step > begin ? () => go(step - 1) : undefined}>
      <p className="text second">{say.shareStep(step, STEPS)}</p>
      {step === WHO && <Who onChoose={choose} />}
      {step === WHAT && (mine ? <What mine={mine} choices={draft.choices} onChange={(choices) => change({ choices })} /> : <Bones />)}
      {step === HOW && <How draft={draft} onChange={change} />}
      {step === PREVIEW && <Preview draft={draft} onReady={setSeen} />}
      {fault && <Said kind="wrong">{fault}</Said>}
      {step > WHO && (
        <div className="stack">
          {step === PREVIEW ? (
            <Button onTap={making.make} off={making.busy || !seen}>
              {say.shareMake}
            </Button>
          ) : (
            <Button onTap={() => go(step + 1)}>{say.next}</Button>
          )}
          <Button kind="quiet" onTap={() => go(step - 1)}>
            {say.before}
          </Button>
        </div>
      )}
    </Page>
  );
}

/** What keeps the choice from being shared, in words; empty when nothing does. */
function missingIn({ choices }: Draft, say: typeof shareWords.zh): string {
  if (!choices.length) {
    return say.chooseExam;
  }
  if (choices.some(({ series }) => (series?.length || 0) > MOST_SERIES)) {
    return say.seriesMost(MOST_SERIES);
  }
  return choices.some(isEmpty) ? say.chooseSome : "";
}

function isEmpty({ parts, series }: Draft["choices"][number]): boolean {
  const images = !parts || parts.includes("images");
  return (parts !== null && !parts.length) || (images && series !== null && !series.length);
}
