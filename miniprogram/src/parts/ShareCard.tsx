// One share: its code and passcode on one page, the pick-up code, until when, who came, and a big way to stop it.
import Taro from "@tarojs/taro";
import { useState } from "react";

import { token } from "../api/tokens";
import { addressOf } from "../api/transport";
import { extend, one, pickup, type Share, stop, type Visit, visits } from "../api/shares";
import { open } from "../state/go";
import { known } from "../state/history";
import { nameOf, useWords } from "../words";
import { deviceWords, sayDevice, sayPlace } from "../words/devices";
import { sayMoment } from "../words/moments";
import { shareWords } from "../words/share";
import { Picture } from "./Picture";
import { Button, Card, Chips, Fault, Said } from "./Pieces";
import { problemOf, useAnswer } from "./useAnswer";
import "./ShareCard.css";

type Say = typeof shareWords.zh;

const OPEN = ["active", "early"];
const HOUR = 3600;
const DAY = 24 * HOUR;
const LONGER = [DAY, 3 * DAY, 7 * DAY]; // all of them good also for a share with a name

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
      <Visits id={share.id} />
      {good && share.extendable && <Longer share={share} onChanged={onChanged} />}
      {good && <Stop share={share} onStopped={onChanged} />}
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

function Code({ share }: { share: Share }) {
  const say = useWords(shareWords);
  return (
    <Card>
      <p className="text middle">{say.shareScan}</p>
      <div className="share-qr">
        <Picture className="qr-picture" path={share.qr} words={say.shareQr} atOnce />
      </div>
      {share.passcode_digits && (
        <div className="share-passcode">
          <p className="text second">{say.passcode}</p>
          <p className="text share-digits">{inGroups(share.passcode_digits, 3)}</p>
          <p className="text second">{say.passcodeOnce}</p>
        </div>
      )}
      {share.passcode && !share.passcode_digits && (
        <div className="middle">
          <p className="text second">{say.passcodeGone}</p>
          <Button kind="plain" onTap={() => open("share", { again: share.id })}>
            {say.again}
          </Button>
        </div>
      )}
      <p className="text strong middle">
        {say.shareUntil(sayMoment(share.expires_at))}
        {share.max_opens === 1 ? `，${say.shareOnce}` : ""}
      </p>
      <div className="row">
        <SaveCode share={share} />
        <CopyLink share={share} />
      </div>
    </Card>
  );
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

/** A browser saves it as a file; a mini-program among the phone's photos. */
function SaveCode({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const [said, setSaid] = useState("");
  if (process.env.TARO_ENV === "h5") {
    if (/MicroMessenger|AlipayClient/.test(navigator.userAgent)) {
      return <p className="text second">{say.savePress}</p>; // those browsers save no files, but pictures under a long finger
    }
    return (
      <a className="button quiet" href={share.qr} download="share-qr.png">
        {say.saveQr}
      </a>
    );
  }
  const save = async () => {
    try {
      const header = { Authorization: `Bearer ${token()}` };
      const file = await Taro.downloadFile({ url: addressOf(share.qr), header });
      await Taro.saveImageToPhotosAlbum({ filePath: file.tempFilePath });
      setSaid(say.savedQr);
    } catch {
      setSaid(say.saveQrFailed);
    }
  };
  return (
    <div className="stack">
      <Button kind="quiet" onTap={() => void save()}>
        {said === say.savedQr ? said : say.saveQr}
      </Button>
      {said === say.saveQrFailed && <p className="text second">{said}</p>}
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
    <Button kind="quiet" onTap={() => void copy().catch(() => undefined)}>
      {copied ? say.copied : say.copyLink}
    </Button>
  );
}

function PickUp({ share }: { share: Share }) {
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

function Visits({ id }: { id: string }) {
  const say = useWords(shareWords);
  const asked = useAnswer(() => visits(id), [id]);
  const found = asked.answer?.items || [];
  return (
    <section className="stack">
      <h2 className="heading">{say.visitsTitle}</h2>
      <Card>
        {asked.problem && <Fault problem={asked.problem} again={asked.again} />}
        {asked.answer && !found.length && <p className="text second">{say.visitsNone}</p>}
        <ul className="lines">
          {found.map((visit, index) => (
            <li className="line" key={`${visit.at}-${index}`}>
              <VisitLine visit={visit} />
            </li>
          ))}
        </ul>
        {found.some((visit) => visit.said) && <p className="text small">{say.visitsWho}</p>}
      </Card>
    </section>
  );
}

function VisitLine({ visit }: { visit: Visit }) {
  const say = useWords(shareWords);
  const who = visit.said ? [visit.said.hospital, visit.said.name].filter(Boolean).join(" ") : say.somebody;
  const taken = visit.exams.some((each) => each.downloaded_at) ? say.events.downloaded : "";
  const devices = useWords(deviceWords);
  const where = visit.place?.city || sayPlace(devices, visit.place);
  return (
    <span className="grow">
      <span className="line-name strong">{who}</span>
      <span className="line-more">{[nameOf(say.events, visit.what), taken].filter(Boolean).join("，")}</span>
      <span className="second line-more">{sayMoment(visit.at)}</span>
      <span className="second line-more">{[where, sayDevice(devices, visit.device)].filter(Boolean).join(" · ")}</span>
    </span>
  );
}

function Longer({ share, onChanged }: Props) {
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

/** 123456 reads better as 123 456. */
function inGroups(digits: string, size: number): string {
  return (digits.match(new RegExp(`.{1,${size}}`, "g")) || []).join(" ");
}
