// 出报告后通知我: asks the platform for one message, in one tap. In a browser a text message comes anyway.
import Taro from "@tarojs/taro";
import { useState } from "react";

import { call } from "../api/client";
import type { Exam } from "../api/exams";
import { useWords } from "../words";
import { cardWords } from "../words/card";
import { Button, Said } from "./Pieces";

interface Subscriptions {
  offered: { hospital: string; channel: string; kind: string; template: string }[];
}

const CHANNEL = process.env.TARO_ENV === "weapp" ? "wechat" : "alipay";
const MOST = 3; // of one dialogue

export function NotifyMe({ exam }: { exam: Exam }) {
  const say = useWords(cardWords);
  const [said, setSaid] = useState("");
  if (process.env.TARO_ENV === "h5") {
    return <p className="text small notify">{say.notifyBySms}</p>;
  }
  const ask = async () => {
    const agreed = await accepted(exam.hospital.code).catch(() => false);
    setSaid(agreed ? say.notified : say.notifyRefused);
  };
  return said ? (
    <Said>{said}</Said>
  ) : (
    <Button kind="quiet" onTap={ask}>
      {say.notify}
    </Button>
  );
}

/** True when the reader agreed to at least one message, and the server knows. */
async function accepted(hospital: string): Promise<boolean> {
  const { offered } = await call<Subscriptions>("GET", "/api/v1/me/subscriptions");
  const mine = offered.filter((each) => each.hospital === hospital && each.channel === CHANNEL).slice(0, MOST);
  const templates = mine.map((each) => each.template);
  if (!templates.length) {
    return false;
  }
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
