// Sharing in four steps: for whom, what, how it is opened, and what they will see; then the code to show.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call, Problem } from "../../api/client";
import type { Exam } from "../../api/exams";
import { one, share as make, type Share } from "../../api/shares";
import { Page } from "../../parts/Page";
import { Bones, Button, Said } from "../../parts/Pieces";
import { ShareCard } from "../../parts/ShareCard";
import { problemOf } from "../../parts/useAnswer";
import { around, known } from "../../state/history";
import { toTop } from "../../state/top";
import { useWords } from "../../words";
import { shareWords } from "../../words/share";
import type { Offered } from "../settings/Texts";
import { begun, type Draft, likeThat, mayBeShared, settled, wanted } from "./draft";
import { How } from "./How";
import { Preview } from "./Preview";
import { Terms } from "./Terms";
import { What } from "./What";
import { Who } from "./Who";
import "./index.css";

const STEPS = 4;
const WHO = 1;
const WHAT = 2;
const HOW = 3;
const PREVIEW = 4;

export default function SharePage() {
  const say = useWords(shareWords);
  const { exam: first = "", again = "" } = Taro.getCurrentInstance().router?.params || {};
  const [mine, setMine] = useState<Exam[] | null>(null);
  const [draft, setDraft] = useState<Draft>(() => begun(first));
  const [step, setStep] = useState(WHO);
  const [fault, setFault] = useState("");
  const [made, setMade] = useState<Share | null>(null);
  useEffect(() => {
    around(first).then(
      (found) => {
        setMine(found);
        const kept = draft.choices.filter(({ exam }) => found.every((each) => each.id !== exam || mayBeShared(each)));
        if (kept.length < draft.choices.length) {
          setDraft((before) => ({ ...before, choices: kept }));
          setFault(say.shareNotYet);
        }
      },
      (thrown) => setFault(problemOf(thrown).said),
    );
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
    const nothing = !draft.choices.length ? say.chooseExam : draft.choices.some(isEmpty) ? say.chooseSome : "";
    if (to > WHAT && nothing) {
      setFault(nothing);
      return;
    }
    setFault("");
    setStep(to);
  };
  useEffect(toTop, [step, Boolean(made)]);
  const making = useMaking(draft, setMade, setFault);

  if (made) {
    return (
      <Page title={made.state === "revoked" ? say.shareTitle : say.shareReady}>
        <ShareCard share={made} onChanged={setMade} />
      </Page>
    );
  }
  if (making.terms) {
    return (
      <Page title={say.shareTitle}>
        <Terms terms={making.terms} fault={fault} busy={making.busy} onAgree={making.agree} onRefuse={making.refuse} />
      </Page>
    );
  }
  const choose = (doctor: boolean) => {
    change({ hidden: !doctor });
    go(WHAT);
  };
  return (
    <Page title={say.shareTitle} hospital={known(first)?.hospital.code} onBack={step > WHO ? () => go(step - 1) : undefined}>
      <p className="text second">{say.shareStep(step, STEPS)}</p>
      {step === WHO && <Who onChoose={choose} />}
      {step === WHAT && (mine ? <What mine={mine} choices={draft.choices} onChange={(choices) => change({ choices })} /> : <Bones />)}
      {step === HOW && <How draft={draft} onChange={change} />}
      {step === PREVIEW && <Preview draft={draft} />}
      {fault && <Said kind="wrong">{fault}</Said>}
      {step > WHO && (
        <div className="stack">
          {step === PREVIEW ? (
            <Button onTap={making.make} off={making.busy}>
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

/** Making it, with whatever must be agreed to or confirmed first. */
function useMaking(draft: Draft, onMade: (share: Share) => void, setFault: (said: string) => void) {
  const [terms, setTerms] = useState<Offered | null>(null);
  const [sensitive, setSensitive] = useState(false);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setFault("");
    setBusy(true);
    try {
      await work();
    } catch (thrown) {
      await refused(problemOf(thrown));
    }
    setBusy(false);
  };
  const create = async () => onMade(await make(sensitive ? { ...wanted(draft), confirm_sensitive: true } : wanted(draft)));
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
  return {
    terms,
    busy,
    make: () => void attempt(create),
    refuse: () => setTerms(null),
    agree: () =>
      void attempt(async () => {
        await call("POST", "/api/v1/me/consents", { kind: terms?.kind, version: terms?.version, agree: true });
        setTerms(null);
        await create();
      }),
  };
}

function isEmpty({ parts, series }: Draft["choices"][number]): boolean {
  const images = !parts || parts.includes("images");
  return (parts !== null && !parts.length) || (images && series !== null && !series.length);
}
