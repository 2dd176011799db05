// When a share ends: later, or now.
import { useState } from "react";

import { extend, one, type Share, stop } from "../../api/shares";
import { useWords } from "../../words";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { Button, Card, Chips, Said } from "../Pieces";
import { problemOf } from "../useAnswer";

const HOUR = 3600;
const DAY = 24 * HOUR;
const LONGER = [DAY, 3 * DAY, 7 * DAY]; // all of them good also for a share with a name

interface Props {
  share: Share;
  onChanged: (share: Share) => void;
}

export function Longer({ share, onChanged }: Props) {
  const say = useWords(shareWords);
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<{ good: boolean; words: string } | null>(null);
  const go = async (seconds: number) => {
    try {
      const longer = await extend(share.id, seconds);
      setSaid({ good: true, words: say.extended(sayMoment(longer.expires_at)) });
      setAsking(false);
      onChanged({ ...longer, passcode_digits: share.passcode_digits });
    } catch (thrown) {
      setSaid({ good: false, words: problemOf(thrown).said });
    }
  };
  return (
    <div className="stack">
      {said && <Said kind={said.good ? "good" : "wrong"}>{said.words}</Said>}
      {asking && (
        <Card>
          <p className="text">{say.extendTo}</p>
          <Chips
            name={say.extend}
            chosen=""
            options={LONGER.map((each) => [String(each), each === DAY ? say.hours(24) : say.daysFor(each / DAY)])}
            onChoose={(seconds) => void go(Number(seconds))}
          />
        </Card>
      )}
      {!asking && (
        <Button kind="quiet" onTap={() => setAsking(true)}>
          {say.extend}
        </Button>
      )}
    </div>
  );
}

export function Stop({ share, onChanged }: Props) {
  const say = useWords(shareWords);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState("");
  const end = async () => {
    setFault("");
    try {
      await stop(share.id);
      const ended = await one(share.id).catch(() => share); // it may have been opened since this page was
      onChanged({ ...ended, state: "revoked", passcode_digits: null });
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  if (!asking) {
    return (
      <Button kind="danger" onTap={() => setAsking(true)}>
        {say.stopShare}
      </Button>
    );
  }
  return (
    <div className="stack">
      <Said kind="wrong">{fault || say.stopSure}</Said>
      <div className="row">
        <Button kind="danger" onTap={end}>
          {say.stopYes}
        </Button>
        <Button kind="quiet" onTap={() => setAsking(false)}>
          {say.stopNo}
        </Button>
      </div>
    </div>
  );
}
