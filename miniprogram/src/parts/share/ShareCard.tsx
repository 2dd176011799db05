// One share: its code and passcode on one page, the pick-up code, until when, who came, and a big way to stop it.
import type { Share } from "../../api/shares";
import { open } from "../../state/go";
import { known } from "../../state/history";
import { useWords } from "../../words";
import { shareWords } from "../../words/share";
import { Button, Card, Said } from "../Pieces";
import { Code } from "./Code";
import { Longer, Stop } from "./Ending";
import { PickUp } from "./PickUp";
import { Visits } from "./Visits";
import "./ShareCard.css";

type Say = typeof shareWords.zh;

const OPEN = ["active", "early"];

interface Props {
  share: Share;
  onChanged: (share: Share) => void;
}

export function ShareCard({ share, onChanged }: Props) {
  const say = useWords(shareWords);
  const good = OPEN.includes(share.state);
  return (
    <div className="loose">
      {good ? <Code share={share} /> : <Over share={share} />}
      {good && <PickUp share={share} />}
      <section className="stack">
        <h2 className="heading">{itemsOf(share, say)}</h2>
        <p className="text second">
          {share.masked ? say.withoutName : say.withName} · {share.allow_download ? say.previewDownload : say.previewLooking} ·{" "}
          {say.opens(share.opens, share.max_opens)}
        </p>
      </section>
      <Visits share={share} />
      {good && share.extendable && <Longer share={share} onChanged={onChanged} />}
      {good && <Stop share={share} onChanged={onChanged} />}
    </div>
  );
}

/** How a share stands, in a word. */
export function stateWords(share: Share, say: Say): string {
  const words: Record<Share["state"], string> = {
    active: say.sharing,
    early: say.early,
    revoked: say.stopped,
    expired: say.over,
    locked: say.locked,
    used: say.usedUp,
  };
  return words[share.state] || share.state;
}

/** What is shared, by the names of the list; how many where that was never open. */
export function itemsOf(share: Share, say: Say): string {
  const items = share.exams.map((id) => known(id)?.item);
  return items.every(Boolean) ? say.all(items as string[]) : say.exams(share.exams.length);
}

function Over({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const words: Partial<Record<Share["state"], string>> = { revoked: say.stopDone, locked: say.lockedWhy };
  return (
    <Card>
      <Said>{words[share.state] || stateWords(share, say)}</Said>
      <Button onTap={() => open("share", { again: share.id })}>{say.again}</Button>
    </Card>
  );
}
