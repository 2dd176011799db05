// Where I am logged in, and signing out there from here: a phone may be lost.
import { call } from "../../api/client";
import { useAnswer } from "../../parts/useAnswer";
import { sayMoment } from "../../words/moments";
import { useMore } from "../../words/more";
import { Sure } from "../bind/Sure";
import { Part } from "./Part";

interface Login {
  id: string;
  way: string;
  at: string;
  current: boolean;
}

export function Logins() {
  const more = useMore();
  const asked = useAnswer(() => call<{ items: Login[] }>("GET", "/api/v1/me/sign-ins"), []);
  if (!asked.answer?.items.length) {
    return null;
  }
  return (
    <Part title={more.logins}>
      <ul className="lines">
        {asked.answer.items.map((each) => (
          <li className="line" key={each.id}>
            <span className="grow">
              <span className="line-name">
                {more.loginWays[each.way] || each.way}
                {each.current ? ` · ${more.thisPhone}` : ""}
              </span>
              <span className="second line-more">{sayMoment(each.at)}</span>
            </span>
            {!each.current && (
              <Sure
                words={more.logOutThere}
                sure={more.logOutSure}
                onSure={() => call("DELETE", `/api/v1/me/sign-ins/${each.id}`).then(asked.again)}
              />
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}
