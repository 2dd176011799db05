// A code to type on a computer, for who cannot scan.
import { useState } from "react";

import { pickup, type Share } from "../../api/shares";
import { addressOf } from "../../api/transport";
import { useWords } from "../../words";
import { inGroups } from "../../words/digits";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { Button, Card, Said } from "../Pieces";
import { problemOf } from "../useAnswer";

export function PickUp({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [code, setCode] = useState<{ code: string; expires_at: string } | null>(null);
  const [fault, setFault] = useState("");
  const show = () => {
    setFault("");
    pickup(share.id).then(setCode, (thrown) => setFault(problemOf(thrown).said));
  };
  const site = process.env.TARO_ENV === "h5" ? window.location.origin : addressOf("");
  return (
    <Card>
      <h2 className="heading">{say.pickup}</h2>
      {!code && <p className="text second">{say.pickupWhy}</p>}
      {fault && <Said kind="wrong">{fault}</Said>}
      {code && (
        <div className="stack">
          <div>
            <p className="text second">{say.pickupWhere}</p>
            <p className="text address">{`${site.replace(/^https?:\/\//, "")}/get`}</p>
          </div>
          <div>
            <p className="text second">{say.pickupCode}</p>
            <p className="text digits">{inGroups(code.code, 4)}</p>
          </div>
          <p className="text second">{say.pickupUntil(sayMoment(code.expires_at))}</p>
        </div>
      )}
      <Button kind="quiet" onTap={show}>
        {code ? say.pickupAgain : say.pickupMake}
      </Button>
    </Card>
  );
}
