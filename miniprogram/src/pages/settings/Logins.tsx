// Where I am logged in, and signing out there from here: a phone may be lost.
import { call } from "../../api/client";
import { useAnswer } from "../../parts/useAnswer";
import { nameOf, useWords } from "../../words";
import { deviceWords, sayDevice, sayPlace } from "../../words/devices";
import { sayDate, sayMoment } from "../../words/moments";
import { settingsWords } from "../../words/settings";
import { Sure } from "../bind/Sure";
import { Part } from "./Part";

interface Login {
  id: string;
  way: string;
  device: string | null;
  place: { kind: string; network: string } | null;
  at: string;
  ends_at: string;
  current: boolean;
}

export function Logins() {
  const say = useWords(settingsWords);
  const words = useWords(deviceWords);
  const asked = useAnswer(() => call<{ items: Login[] }>("GET", "/api/v1/me/sign-ins"), []);
  if (!asked.answer?.items.length) {
    return null;
  }
  return (
    <Part title={say.logins}>
      <p className="text second">{say.loginsWhy}</p>
      <ul className="lines">
        {asked.answer.items.map((each) => (
          <li className="line" key={each.id}>
            <span className="grow">
              <span className="line-name">
                {nameOf(say.loginWays, each.way)}
                {each.current ? ` · ${say.thisPhone}` : ""}
              </span>
              <span className="second line-more">
                {[sayDevice(words, each.device), sayPlace(words, each.place)].filter(Boolean).join(" · ")}
              </span>
              <span className="second line-more">{say.signedInAt(sayMoment(each.at), sayDate(each.ends_at))}</span>
            </span>
            {!each.current && (
              <Sure
                words={say.logOutThere}
                sure={say.logOutSure}
                onSure={() => call("DELETE", `/api/v1/me/sign-ins/${each.id}`).then(asked.again)}
              />
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}
