// Type size and language, what is mine, what I agreed to, which messages I want, and the way out.
import Taro from "@tarojs/taro";
import { useState } from "react";

import { call } from "../../api/client";
import { forget } from "../../api/tokens";
import { Page } from "../../parts/Page";
import { Bones, Button, Chips, Fault, Said } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { open } from "../../state/go";
import { choose, type Language, useSettings } from "../../state/settings";
import { useWords } from "../../words";
import { settingsWords } from "../../words/settings";
import { Logins } from "./Logins";
import { Notices } from "./Notices";
import { Part } from "./Part";
import { Texts } from "./Texts";

interface Me {
  phones: { id: string; number: string }[];
}

export default function SettingsPage() {
  const say = useWords(settingsWords);
  const { elder, language } = useSettings();
  const me = useAnswer(() => call<Me>("GET", "/api/v1/me"), []);
  return (
    <Page title={say.settingsTitle}>
      <Part title={say.display}>
        <div className="line-pair">
          <span>{say.elderMode}</span>
          <Chips
            name={say.elderMode}
            chosen={elder ? "on" : "off"}
            options={[
              ["on", say.on],
              ["off", say.off],
            ]}
            onChoose={(said) => choose({ elder: said === "on" })}
          />
        </div>
        <div className="line-pair">
          <span>{say.language}</span>
          <Chips
            name={say.language}
            chosen={language}
            options={[
              ["zh", "中文"],
              ["en", "English"],
            ]}
            onChoose={(said) => choose({ language: said as Language })}
          />
        </div>
      </Part>
      {me.problem && <Fault problem={me.problem} again={me.again} />}
      {!me.answer && !me.problem && <Bones />}
      {me.answer && (
        <>
          <Part title={say.mine}>
            <Button kind="quiet" onTap={() => open("bind")}>
              {say.myCards}
            </Button>
            <Button kind="quiet" onTap={() => open("shares")}>
              {say.myShares}
            </Button>
            <Button kind="quiet" onTap={() => open("feedback")}>
              {say.feedbackMine}
            </Button>
            <div className="line-pair">
              <span className="second">{say.myPhones}</span>
              <span>{me.answer.phones.map((each) => each.number).join("、") || say.noPhones}</span>
            </div>
          </Part>
          <Notices />
          <Texts />
          <Logins />
          <Account />
        </>
      )}
    </Page>
  );
}

function Account() {
  const say = useWords(settingsWords);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState("");
  const leave = async (method: "DELETE", path: string) => {
    setFault("");
    try {
      await call(method, path);
      await forget();
      void Taro.reLaunch({ url: "/pages/login/index" });
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
  };
  return (
    <Part title={say.account}>
      {fault && <Said kind="wrong">{fault}</Said>}
      <div>
        <Button kind="plain" onTap={() => open("privacy")}>
          {say.privacy}
        </Button>
      </div>
      <Button kind="quiet" onTap={() => leave("DELETE", "/api/v1/session")}>
        {say.logOut}
      </Button>
      {process.env.TARO_ENV === "h5" && (
        <div>
          <a className="link" href="/api/v1/me/export" download="account.json">
            {say.exportMine}
          </a>
        </div>
      )}
      {!asking && (
        <Button kind="plain" onTap={() => setAsking(true)}>
          {say.giveUp}
        </Button>
      )}
      {asking && (
        <div className="stack">
          <Said>{say.giveUpWhy}</Said>
          <Button kind="quiet" onTap={() => setAsking(false)}>
            {say.keep}
          </Button>
          <Button kind="danger" onTap={() => leave("DELETE", "/api/v1/me")}>
            {say.giveUpSure}
          </Button>
        </div>
      )}
    </Part>
  );
}
