// A button that asks once more before it does what cannot be undone.
import { useState } from "react";

import { Button } from "../../parts/Pieces";
import { useWords } from "../../words";
import { commonWords } from "../../words/common";

interface Props {
  words: string;
  sure: string;
  onSure: () => Promise<unknown>;
}

export function Sure({ words, sure, onSure }: Props) {
  const say = useWords(commonWords);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!asking) {
    return (
      <Button kind="plain" onTap={() => setAsking(true)}>
        {words}
      </Button>
    );
  }
  const go = () => {
    setBusy(true);
    onSure()
      .catch(() => undefined)
      .then(() => {
        setBusy(false);
        setAsking(false);
      });
  };
  return (
    <span className="sure">
      <Button kind="plain" onTap={() => setAsking(false)}>
        {say.cancel}
      </Button>
      <Button kind="danger" onTap={go} off={busy}>
        {sure}
      </Button>
    </span>
  );
}
