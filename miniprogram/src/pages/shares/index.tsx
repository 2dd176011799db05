// My shares, newest first; each opens to its code, who came, and the way to stop it.
import { useEffect, useState } from "react";

import { type Share, shares as askShares } from "../../api/shares";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Empty, Fault } from "../../parts/Pieces";
import { ShareCard, stateWords } from "../../parts/ShareCard";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { known } from "../../state/history";
import { useWords } from "../../words";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";

export default function Shares() {
  const say = useWords(shareWords);
  const first = useAnswer(() => askShares(), []);
  const [further, setFurther] = useState<{ items: Share[]; next: string | null } | null>(null);
  const [chosen, setChosen] = useState("");
  useEffect(() => setFurther(null), [first.answer]);
  const shown = [...(first.answer?.items || []), ...(further?.items || [])];
  const next = further ? further.next : first.answer?.next;
  const older = async () => {
    try {
      const page = await askShares(next || "");
      setFurther({ items: [...(further?.items || []), ...page.items], next: page.next });
    } catch (fault) {
      problemOf(fault);
    }
  };
  const open = shown.find((each) => each.id === chosen);
  if (open) {
    return (
      <Page title={say.shareTitle}>
        <Button kind="plain" onTap={() => setChosen("")}>
          {say.sharesTitle}
        </Button>
        <ShareCard
          share={open}
          onStopped={() => {
            setChosen("");
            first.again();
          }}
        />
      </Page>
    );
  }
  return (
    <Page title={say.sharesTitle}>
      {first.problem && <Fault problem={first.problem} again={first.again} />}
      {!first.answer && !first.problem && <Bones />}
      {first.answer && !shown.length && <Empty title={say.sharesNone} />}
      {shown.map((each) => (
        <Card key={each.id}>
          <div className="line-pair">
            <span className="strong">{each.masked ? say.forOthers : say.forDoctor}</span>
            <span className={`state${each.state === "active" ? "" : " off"}`}>{stateWords(each, say)}</span>
          </div>
          <p className="text second">
            {each.exams.map((id) => known(id)?.item).filter(Boolean).join("、") || say.exams(each.exams.length)}
          </p>
          <p className="text second">
            {say.until(sayMoment(each.expires_at))} · {say.opens(each.opens, each.max_opens)}
          </p>
          <Button kind="quiet" onTap={() => setChosen(each.id)} name={`${say.visitsTitle} ${sayMoment(each.created_at)}`}>
            {say.visitsTitle}
          </Button>
        </Card>
      ))}
      {next && (
        <Button kind="quiet" onTap={older}>
          {say.more}
        </Button>
      )}
    </Page>
  );
}
