// 出报告后通知我: asks the platform for one message, in one tap. In a browser a text message comes, unless its reader turned them off.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call } from "../api/client";
import type { Exam } from "../api/exams";
import { token } from "../api/tokens";
import { open } from "../state/go";
import { useWords } from "../words";
import { cardWords } from "../words/card";
import { Button, Said } from "./Pieces";
import { useAnswer } from "./useAnswer";

interface Offered {
  hospital: string;
  channel: string;
  kind: string;
  template: string;
}

const CHANNEL = process.env.TARO_ENV === "weapp" ? "wechat" : "alipay";
const MOST = 3; // of one dialogue
let asking: Promise<Offered[]> | null = null;
let askedAs = "";

export function NotifyMe({ exam }: { exam: Exam }) {
  return process.env.TARO_ENV === "h5" ? <TurnedOff hospital={exam.hospital.code} /> : <ByPlatform exam={exam} />;
}

interface Wishes {
  hospital: string;
  nothing: boolean;
  kinds: { kind: string; ways: { on: boolean }[] }[];
}

/** Nothing where a message comes; else that none does, and the way to have them again. */
function TurnedOff({ hospital }: { hospital: string }) {
  const say = useWords(cardWords);
  const asked = useAnswer(() => call<{ items: Wishes[] }>("GET", "/api/v1/me/notices"), [hospital]);
  const mine = asked.answer?.items.find((each) => each.hospital === hospital);
  const ready = mine?.kinds.find((each) => each.kind === "report-ready");
  if (!mine || !(mine.nothing || (ready?.ways.length && ready.ways.every(({ on }) => !on)))) {
    return null;
  }
  return (
    <div className="stack">
      <Said>{say.notifyOff}</Said>
      <Button kind="quiet" onTap={() => open("settings")}>
        {say.notifyOn}
      </Button>
    </div>
  );
}

function ByPlatform({ exam }: { exam: Exam }) {
  const say = useWords(cardWords);
  const templates = useTemplates(exam.hospital.code);
  const [said, setSaid] = useState("");
  if (templates?.length === 0) {
    return <p className="text small notify">{say.notifyBySms}</p>;
  }
  // The platforms show their dialogue only in the very tap: what it is about is known before, and asked for at once.
  const ask = () => {
    const dialogue = subscribed(templates || []);
    dialogue.then(
      (agreed) => setSaid(agreed ? say.notified : say.notifyRefused),
      () => setSaid(say.notifyRefused),
    );
  };
  return said ? (
    <Said>{said}</Said>
  ) : (
    <Button kind="quiet" onTap={ask} off={!templates}>
      {say.notify}
    </Button>
  );
}

/** The messages that the hospital sends here; null until we know. */
function useTemplates(hospital: string): string[] | null {
  const [offered, setOffered] = useState<Offered[] | null>(null);
  useEffect(() => {
    if (process.env.TARO_ENV !== "h5") {
      offers().then(setOffered, () => setOffered([])); // then a text message comes
    }
  }, []);
  const mine = offered?.filter((each) => each.hospital === hospital && each.channel === CHANNEL);
  return mine ? mine.slice(0, MOST).map((each) => each.template) : null;
}

/** Asked once for all exams of a list, and anew for whoever signs in next. */
function offers(): Promise<Offered[]> {
  asking = askedAs === token() ? asking : null;
  askedAs = token();
  asking =
    asking ||
    call<{ offered: Offered[] }>("GET", "/api/v1/me/subscriptions").then(
      (answer) => answer.offered,
      (fault) => {
        asking = null;
        throw fault;
      },
    );
  return asking;
}

/** True when the reader agreed to at least one message, and the server knows. */
async function subscribed(templates: string[]): Promise<boolean> {
  const answer = await dialogue(templates);
  const taken = templates.filter((each) => answer[each] === "accept");
  if (!taken.length) {
    return false;
  }
  await call("POST", "/api/v1/me/subscriptions", { channel: CHANNEL, tap: tapNumber(), templates: taken });
  return true;
}

async function dialogue(templates: string[]): Promise<Record<string, string>> {
  const asked = { tmplIds: templates, entityIds: templates };
  const told = (await Taro.requestSubscribeMessage(asked as never)) as unknown as Record<string, unknown>;
  const alipay = (told.result || {}) as { subscribedEntityIds?: string[] };
  (alipay.subscribedEntityIds || []).forEach((each) => (told[each] = "accept"));
  return told as Record<string, string>;
}

/** A number of this tap, so that telling it twice counts once. */
function tapNumber(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;
}
