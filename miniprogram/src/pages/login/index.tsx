// Signing in: the phone's number, then the code that was sent to it; in WeChat and Alipay by one tap.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { Problem } from "../../api/client";
import { PLATFORM, type Platform } from "../../api/platform";
import { enterBy, enterCode, recordConsent, sendCode } from "../../api/session";
import { Field } from "../../parts/Field";
import { Page } from "../../parts/Page";
import { Button, Card, Check, Said } from "../../parts/Pieces";
import { problemOf } from "../../parts/useAnswer";
import { afterLogin } from "../../state/entry";
import { open } from "../../state/go";
import { canKeep } from "../../state/keeping";
import { choose, useSettings } from "../../state/settings";
import { useWords } from "../../words";
import { loginWords } from "../../words/login";
import { platformOfBrowser, requiredCode } from "./platform";

const AGAIN_SECONDS = 60;
const PHONE = /^(\+?86)?1\d{10}$/;

export default function Login() {
  const say = useWords(loginWords);
  const { elder } = useSettings();
  const [phone, setPhone] = useState("");
  const [challenge, setChallenge] = useState("");
  const [agreed, setAgreed] = useState(false);
  const [remember, setRemember] = useState(false); // what stays on a phone, its owner says
  const failed = Taro.getCurrentInstance().router?.params.failed;
  const [fault, setFault] = useState(failed ? say.otherWayFailed : "");
  const [busy, setBusy] = useState(false);
  const [platform, setPlatform] = useState<Platform | null>(PLATFORM);
  useEffect(() => {
    if (process.env.TARO_ENV === "h5") {
      platformOfBrowser().then(setPlatform, () => undefined); // the phone's number is always a way
    }
  }, []);

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setFault("");
    try {
      await work();
    } catch (thrown) {
      setFault(problemOf(thrown).said);
    }
    setBusy(false);
  };
  const send = () =>
    attempt(async () => {
      if (!agreed) {
        throw new Problem("refused", say.consentFirst);
      }
      if (!PHONE.test(bare(phone))) {
        throw new Problem("refused", say.phoneWrong);
      }
      setChallenge(await sendCode(bare(phone)));
    });
  const byPlatform = () =>
    attempt(async () => {
      if (!agreed) {
        throw new Problem("refused", say.consentFirst);
      }
      if (PLATFORM) {
        await enterBy(PLATFORM, await requiredCode(say.otherWayFailed));
        goOn();
        return;
      }
      window.location.href = `/login/${platform}`; // it leads to the platform and back
    });

  const size = (
    <Button kind="plain" onTap={() => choose({ elder: !elder })} name={elder ? say.elderOff : say.elderOn}>
      {elder ? say.elderOff : say.elder}
    </Button>
  );
  if (challenge) {
    return (
      <Page title={say.codeTitle} first aside={size}>
        <Code
          phone={phone}
          challenge={challenge}
          remember={remember}
          onRemember={() => setRemember(!remember)}
          onAgain={send}
          onOther={() => setChallenge("")}
        />
      </Page>
    );
  }
  return (
    <Page title={say.loginTitle} first aside={size}>
      <p className="text second">{say.loginWhy}</p>
      <Card>
        <Field name={say.phone} value={phone} onChange={setPhone} onDone={send} kind="tel" most={20} />
        <Consent agreed={agreed} onTap={() => setAgreed(!agreed)} />
        {fault && <Said kind="wrong">{fault}</Said>}
        <Button onTap={send} off={busy}>
          {say.sendCode}
        </Button>
        {platform && (
          <Button kind="quiet" onTap={byPlatform} off={busy}>
            {platform === "wechat" ? say.byWechat : say.byAlipay}
          </Button>
        )}
      </Card>
    </Page>
  );
}

/** The login counts whether or not the record of the consent comes through; it is asked for again in the settings. */
function goOn(): void {
  void recordConsent().catch(() => undefined);
  afterLogin();
}

interface CodeProps {
  phone: string;
  challenge: string;
  remember: boolean;
  onRemember: () => void;
  onAgain: () => Promise<void>;
  onOther: () => void;
}

function Code({ phone, challenge, remember, onRemember, onAgain, onOther }: CodeProps) {
  const say = useWords(loginWords);
  const [code, setCode] = useState("");
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const [left, wait] = useCountdown();

  const enter = async () => {
    setBusy(true);
    setFault("");
    try {
      await enterCode(challenge, code.trim(), remember);
      goOn();
    } catch (thrown) {
      const problem = problemOf(thrown);
      setFault(problem.status === 401 ? say.codeWrong : problem.said);
      setBusy(false);
    }
  };
  const again = async () => {
    await onAgain();
    wait();
  };
  return (
    <>
      <p className="text second">{say.codeSent(masked(phone))}</p>
      <Card>
        <Field name={say.code} value={code} onChange={setCode} onDone={enter} kind="code" most={6} />
        {process.env.TARO_ENV === "h5" && (
          <Check on={remember} onTap={onRemember}>
            {canKeep() ? say.rememberAndKeep : say.remember}
          </Check>
        )}
        {fault && <Said kind="wrong">{fault}</Said>}
        <Button onTap={enter} off={busy || code.trim().length < 6}>
          {say.enter}
        </Button>
        <Button kind="plain" onTap={again} off={left > 0}>
          {left > 0 ? say.sendAgainIn(left) : say.sendAgain}
        </Button>
        <Button kind="plain" onTap={onOther}>
          {say.otherPhone}
        </Button>
      </Card>
    </>
  );
}

function Consent({ agreed, onTap }: { agreed: boolean; onTap: () => void }) {
  const say = useWords(loginWords);
  return (
    <div>
      <Check on={agreed} onTap={onTap}>
        {say.consent}
      </Check>
      <Button kind="plain" onTap={() => open("privacy")}>
        {say.privacyOpen}
      </Button>
    </div>
  );
}

/** Seconds until a code may be sent again, counted from when the page opened or `wait` was called. */
function useCountdown(): [number, () => void] {
  const [until, setUntil] = useState(() => Date.now() + AGAIN_SECONDS * 1000);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(tick);
  }, []);
  return [Math.max(0, Math.ceil((until - now) / 1000)), () => setUntil(Date.now() + AGAIN_SECONDS * 1000)];
}

function bare(phone: string): string {
  return phone.replace(/[\s-]/g, "");
}

function masked(phone: string): string {
  return bare(phone).replace(/^(\+?86)?(\d{3})\d{4}/, "$2****");
}
