// My shares, newest first; each opens to its code, who came, and the way to stop it.
import { useEffect, useState } from "react";

import { one, type Share, shares as askShares } from "../../api/shares";
import { Page } from "../../parts/Page";
import { Bones, Button, Empty, Fault, Said } from "../../parts/Pieces";
import { itemsOf, ShareCard, stateWords } from "../../parts/share/ShareCard";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { open } from "../../state/go";
import { around } from "../../state/history";
import { useSteps } from "../../state/steps";
import { toTop } from "../../state/top";
import { useWords } from "../../words";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";

const OPEN = ["active", "early"];

export default function Shares() {
  const say = useWords(shareWords);
  const first = useAnswer(listed, []);
  const [further, setFurther] = useState<{ items: Share[]; next: string | null } | null>(null);
  const [chosen, setChosen] = useState<Share | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => setFurther(null), [first.answer]);
  useEffect(toTop, [chosen?.id]);
  const shown = [...(first.answer?.items || []), ...(further?.items || [])];
  const next = further ? further.next : first.answer?.next;
  const older = async () => {
    setFault("");
    try {
      const page = await askShares(next || "");
      setFurther({ items: [...(further?.items || []), ...page.items], next: page.next });
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  const close = () => {
    setChosen(null);
    first.again();
  };
  useSteps(chosen ? 1 : 0, close);
  if (chosen) {
    return (
      <Page title={say.shareTitle} onBack={close}>
        <ShareCard share={chosen} onChanged={setChosen} />
        <Button kind="quiet" onTap={close}>
          {say.sharesTitle}
        </Button>
      </Page>
    );
  }
  return (
    <Page title={say.sharesTitle}>
      {first.problem && <Fault problem={first.problem} again={first.again} />}
      {!first.answer && !first.problem && <Bones />}
      {first.answer && !shown.length && <Empty title={say.sharesNone} />}
      {shown.map((each) => (
        <Line key={each.id} share={each} onTap={() => void one(each.id).then(setChosen, (thrown) => setFault(problemOf(thrown).said))} />
      ))}
      {fault && <Said kind="wrong">{fault}</Said>}
      {next && (
        <Button kind="quiet" onTap={older}>
          {say.more}
        </Button>
      )}
    </Page>
  );
}

function Line({ share, onTap }: { share: Share; onTap: () => void }) {
  const say = useWords(shareWords);
  const good = OPEN.includes(share.state);
  const look = good ? say.sharesOne : say.visitsTitle;
  const opens = share.opens ? say.opens(share.opens, share.max_opens) : say.opensNone;
  return (
    <section className={`card stack${good ? "" : " gone"}`}>
      <div className="line-pair">
        <span className={good ? "strong" : "second"}>{itemsOf(share, say)}</span>
        <span className={`state${good ? "" : " off"}`}>{stateWords(share, say)}</span>
      </div>
      <p className="text second">
        {share.masked ? say.withoutName : say.withName} · {opens}
      </p>
      <p className="text second">{good ? say.shareUntil(sayMoment(share.expires_at)) : sayMoment(share.created_at)}</p>
      <div className="row">
        <Button kind="quiet" onTap={onTap} name={`${look} ${sayMoment(share.created_at)}`}>
          {look}
        </Button>
        {!good && (
          <Button kind="quiet" onTap={() => open("share", { again: share.id })} name={`${say.again} ${sayMoment(share.created_at)}`}>
            {say.again}
          </Button>
        )}
      </div>
    </section>
  );
}

/** With the exams at hand whose names stand on them; without, they are counted. */
async function listed(): Promise<{ items: Share[]; next: string | null }> {
  const [page] = await Promise.all([askShares(), around("").catch(() => [])]);
  return page;
}
