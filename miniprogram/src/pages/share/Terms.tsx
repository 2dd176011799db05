// A text that must be agreed to before anything is shared.
import { Button, Card, Said } from "../../parts/Pieces";
import { useWords } from "../../words";
import { shareWords } from "../../words/share";
import type { Offered } from "../settings/Texts";

interface Props {
  terms: Offered;
  fault: string;
  busy: boolean;
  onAgree: () => void;
  onRefuse: () => void;
}

export function Terms({ terms, fault, busy, onAgree, onRefuse }: Props) {
  const say = useWords(shareWords);
  return (
    <>
      <p className="text">{say.shareAgree}</p>
      <Card>
        <h2 className="heading">{terms.title}</h2>
        <p className="text">{terms.text.trim()}</p>
        {fault && <Said kind="wrong">{fault}</Said>}
        <Button onTap={onAgree} off={busy}>
          {say.agree}
        </Button>
        <Button kind="quiet" onTap={onRefuse}>
          {say.disagree}
        </Button>
      </Card>
    </>
  );
}
