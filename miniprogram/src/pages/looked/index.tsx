// Who looked at an exam, when, at what and from where; newest first.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call } from "../../api/client";
import { exam as askExam } from "../../api/exams";
import { ExamFault } from "../../parts/Missing";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Empty } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { known } from "../../state/history";
import { nameOf, useWords } from "../../words";
import { deviceWords, sayDevice } from "../../words/devices";
import { lookedWords } from "../../words/looked";
import { sayMoment } from "../../words/moments";

interface Look {
  at: string;
  who: string;
  department: string | null;
  name: string | null;
  via: string;
  device: string | null;
  what: string;
  times: number;
}

interface Looks {
  items: Look[];
  next: string | null;
}

export default function Looked() {
  const say = useWords(lookedWords);
  const words = useWords(deviceWords);
  const id = Taro.getCurrentInstance().router?.params.exam || "";
  const ask = (cursor: string) =>
    call<Looks>("GET", `/api/v1/exams/${encodeURIComponent(id)}/access-log?limit=50${cursor ? `&cursor=${cursor}` : ""}`);
  const first = useAnswer(() => ask(""), [id]);
  const exam = useAnswer(() => askExam(id), [id]).answer || known(id);
  const [further, setFurther] = useState<Looks | null>(null);
  useEffect(() => setFurther(null), [first.answer]);
  const shown = [...(first.answer?.items || []), ...(further?.items || [])];
  const next = further ? further.next : first.answer?.next;
  const earlier = async () => {
    try {
      const page = await ask(next || "");
      setFurther({ items: [...(further?.items || []), ...page.items], next: page.next });
    } catch (fault) {
      problemOf(fault);
    }
  };
  return (
    <Page title={say.lookedTitle} hospital={exam?.hospital.code}>
      <section>
        {exam && <h2 className="large">{exam.item}</h2>}
        <p className="text second">{say.lookedWhy}</p>
      </section>
      {first.problem && <ExamFault exam={id} problem={first.problem} again={first.again} />}
      {!first.answer && !first.problem && <Bones />}
      {first.answer && !shown.length && <Empty title={say.lookedNone} />}
      {shown.length > 0 && (
        <Card>
          <ul className="lines">
            {shown.map((look, index) => (
              <li className="line" key={`${look.at}-${index}`}>
                <span className="grow">
                  <span className="line-name">
                    {[nameOf(say.who, look.who), look.department, look.name].filter(Boolean).join(" ")}
                    {" · "}
                    {nameOf(say.what, look.what)}
                    {look.times > 1 ? ` · ${say.times(look.times)}` : ""}
                  </span>
                  <span className="second line-more">
                    {[sayMoment(look.at), nameOf(say.via, look.via), sayDevice(words, look.device)].filter(Boolean).join(" · ")}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {next && (
        <Button kind="quiet" onTap={earlier}>
          {say.earlier}
        </Button>
      )}
    </Page>
  );
}
