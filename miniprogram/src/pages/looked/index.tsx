// Who looked at an exam, when, at what and from where; newest first.
import Taro from "@tarojs/taro";
import { useEffect, useState } from "react";

import { call } from "../../api/client";
import { exam as askExam } from "../../api/exams";
import { Page } from "../../parts/Page";
import { Bones, Button, Card, Empty, Fault } from "../../parts/Pieces";
import { problemOf, useAnswer } from "../../parts/useAnswer";
import { known } from "../../state/history";
import { sayMoment } from "../../words/moments";
import { useMore } from "../../words/more";

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
  const more = useMore();
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
    <Page title={more.lookedTitle} hospital={exam?.hospital.code}>
      <section>
        {exam && <h2 className="large">{exam.item}</h2>}
        <p className="text second">{more.lookedWhy}</p>
      </section>
      {first.problem && <Fault problem={first.problem} again={first.again} />}
      {!first.answer && !first.problem && <Bones />}
      {first.answer && !shown.length && <Empty title={more.lookedNone} />}
      {shown.length > 0 && (
        <Card>
          <ul className="lines">
            {shown.map((look, index) => (
              <li className="line" key={`${look.at}-${index}`}>
                <span className="grow">
                  <span className="line-name">
                    {[more.who[look.who] || look.who, look.department, look.name].filter(Boolean).join(" ")}
                    {" · "}
                    {more.what[look.what] || look.what}
                    {look.times > 1 ? ` · ${more.times(look.times)}` : ""}
                  </span>
                  <span className="second line-more">
                    {[sayMoment(look.at), more.via[look.via] || look.via, look.device].filter(Boolean).join(" · ")}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {next && (
        <Button kind="quiet" onTap={earlier}>
          {more.more}
        </Button>
      )}
    </Page>
  );
}
