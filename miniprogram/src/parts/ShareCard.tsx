// One share: its code, the pick-up code, for whom, until when, who came, and a big way to stop it.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { one, pickup, type Share, stop, type Visit, visits } from "../api/shares";
import { addressOf } from "../api/transport";
import { nameOf, useWords } from "../words";
import { sayMoment } from "../words/moments";
import { shareWords } from "../words/share";
import { Picture } from "./Picture";
import { Button, Card, Said } from "./Pieces";
import { problemOf } from "./useAnswer";

const OPEN = ["active", "early"];

export function ShareCard({ share, onStopped }: { share: Share; onStopped: (share: Share) => void }) {
  const say = useWords(shareWords);
  const good = OPEN.includes(share.state);
  return (
    <div className="loose">
      {good && (
        <Card>
          <p className="text">{say.shareShow(sayMoment(share.expires_at))}</p>
          <div className="qr">
            <Picture className="qr-picture" path={share.qr} words={say.shareQr} atOnce />
          </div>
          {share.passcode_digits && (
            <div>
              <p className="text second">{say.passcode}</p>
              <p className="text digits">{share.passcode_digits}</p>
              <p className="text second">{say.passcodeOnce}</p>
            </div>
          )}
          <PickUp share={share} />
          <CopyLink share={share} />
        </Card>
      )}
      {!good && <Said>{stateWords(share, say)}</Said>}
      <p className="text second">
        {share.masked ? say.forOthers : say.forDoctor} · {say.exams(share.exams.length)} ·{" "}
        {say.opens(share.opens, share.max_opens)}
      </p>
      <Visits id={share.id} />
      {good && <Stop share={share} onStopped={onStopped} />}
    </div>
  );
}

/** How a share stands, in a word. */
export function stateWords(share: Share, say: typeof shareWords.zh): string {
  const words: Record<string, string> = {
    active: say.sharing,
    early: say.sharing,
    revoked: say.stopped,
    expired: say.over,
    locked: say.stopped,
    used: say.usedUp,
  };
  return words[share.state] || share.state;
}

function PickUp({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [code, setCode] = useState("");
  const [fault, setFault] = useState("");
  const show = () =>
    pickup(share.id).then(
      (made) => setCode(`${made.code.slice(0, 4)} ${made.code.slice(4)}`),
      (thrown) => setFault(problemOf(thrown).said),
    );
  if (!code) {
    return (
      <div className="stack">
        {fault && <Said kind="wrong">{fault}</Said>}
        <Button kind="quiet" onTap={show}>
          {say.pickupMake}
        </Button>
      </div>
    );
  }
  const site = process.env.TARO_ENV === "h5" ? window.location.origin : addressOf("");
  return (
    <div>
      <p className="text second">{say.pickupCode}</p>
      <p className="text digits">{code}</p>
      <p className="text second">{say.pickupWhere(`${site.replace(/^https?:\/\//, "")}/get`)}</p>
    </div>
  );
}

function CopyLink({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const url = share.url || (await one(share.id)).url || "";
    await Taro.setClipboardData({ data: url });
    setCopied(true);
  };
  return (
    <Button kind="plain" onTap={() => void copy().catch(() => undefined)}>
      {copied ? say.copied : say.copyLink}
    </Button>
  );
}

function Visits({ id }: { id: string }) {
  const say = useWords(shareWords);
  const [found, setFound] = useState<Visit[] | null>(null);
  useEffect(() => {
    visits(id).then((page) => setFound(page.items), () => undefined);
  }, [id]);
  if (!found) {
    return null;
  }
  return (
    <section className="stack">
      <h2 className="heading">{say.visitsTitle}</h2>
      <Card>
        {!found.length && <p className="text second">{say.visitsNone}</p>}
        <ul className="lines">
          {found.map((visit, index) => (
            <li className="line" key={`${visit.at}-${index}`}>
              <span className="grow">
                <span className="line-name">
                  {[visit.said && [visit.said.hospital, visit.said.name].filter(Boolean).join(" "), nameOf(say.events, visit.what)]
                    .filter(Boolean)
                    .join(" · ")}
                  {visit.exams.some((each) => each.downloaded_at) ? ` · ${say.events.downloaded}` : ""}
                </span>
                <span className="second line-more">
                  {[sayMoment(visit.at), visit.place?.city, visit.device].filter(Boolean).join(" · ")}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Card>
    </section>
  );
}

function Stop({ share, onStopped }: { share: Share; onStopped: (share: Share) => void }) {
  const say = useWords(shareWords);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState("");
  const end = async () => {
    setFault("");
    try {
      await stop(share.id);
      onStopped({ ...share, state: "revoked", passcode_digits: null });
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
      <Button kind="danger" onTap={end}>
        {say.stopYes}
      </Button>
      <Button kind="quiet" onTap={() => setAsking(false)}>
        {say.cancel}
      </Button>
    </div>
  );
}
