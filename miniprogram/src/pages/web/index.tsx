// A page of the browser inside a mini-program, which trades a ticket for its own session; the image it opens at no server sees.
import Taro from "@tarojs/taro";
import { WebView } from "@tarojs/components";
import { useEffect } from "react";

import { call } from "../../api/client";
import { addressOf } from "../../api/transport";
import { Page } from "../../parts/Page";
import { Bones, Fault } from "../../parts/Pieces";
import { useAnswer } from "../../parts/useAnswer";
import { useWords } from "../../words";
import { webWords } from "../../words/web";

export default function Web() {
  const say = useWords(webWords);
  const asked = Taro.getCurrentInstance().router?.params || {};
  const to = asked.to === "viewer" ? "viewer" : "phone";
  const at = decoded(asked.at || "");
  const { answer, problem, again } = useAnswer(
    () => (process.env.TARO_ENV === "h5" ? Promise.resolve(null) : call<{ url: string }>("POST", "/api/v1/session/ticket", {})),
    [to, at],
  );
  useEffect(() => {
    if (process.env.TARO_ENV === "h5") {
      window.location.replace(to === "viewer" ? `/viewer/#${at}` : "/");
    }
  }, []);
  if (answer && process.env.TARO_ENV !== "h5") {
    return <WebView src={`${addressOf(answer.url)}?to=${to}#${at}`} />;
  }
  return (
    <Page title={say.webTitle} dark={to === "viewer"}>
      {problem ? <Fault problem={problem} again={again} /> : <Bones cards={1} />}
    </Page>
  );
}

/** Some platforms hand a parameter on as it was written, others decoded. */
function decoded(text: string): string {
  try {
    return /^(study|series|exam)=/.test(text) ? text : decodeURIComponent(text);
  } catch {
    return text;
  }
}
