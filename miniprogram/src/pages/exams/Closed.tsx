// Below the list: exams whose digital service is not open; each leads to the page that opens it.
import { useState } from "react";

import { type ClosedPage, closed as askClosed } from "../../api/activations";
import { Button, Said } from "../../parts/Pieces";
import { problemOf } from "../../parts/useAnswer";
import { open } from "../../state/go";
import { nameOf, useWords } from "../../words";
import { cardWords } from "../../words/card";
import { closedWords } from "../../words/closed";
import { sayTime } from "../../words/dates";

export function Closed({ first }: { first: ClosedPage }) {
  const say = useWords(closedWords);
  const { categories } = useWords(cardWords);
  const [further, setFurther] = useState<ClosedPage[]>([]);
  const [fault, setFault] = useState("");
  const pages = [first, ...further];
  const { next } = pages[pages.length - 1];
  const more = () => {
    setFault("");
    askClosed(next || "").then(
      (page) => setFurther([...further, page]),
      (thrown) => setFault(problemOf(thrown).said),
    );
  };
  return (
    <section className="not-open">
      <h2 className="heading">{say.closedTitle}</h2>
      <p className="text second">{say.closedWhy}</p>
      <ul className="exams">
        {pages
          .flatMap((page) => page.items)
          .map((exam) => (
            <li key={exam.id}>
              <button className="exam-card" onClick={() => open("exam", { id: exam.id })}>
                <span className="grow">
                  <span className="exam-item">{exam.item}</span>
                  <span className="second">{sayTime(exam.performed_at)}</span>
                  <span className="second">{exam.hospital.name}</span>
                  <span className="state off">{say.closedShort}</span>
                </span>
                <span className="thumb none" aria-hidden="true">
                  {nameOf(categories, exam.category)}
                </span>
              </button>
            </li>
          ))}
      </ul>
      {fault && <Said kind="wrong">{fault}</Said>}
      {next && (
        <Button kind="quiet" onTap={more}>
          {say.more}
        </Button>
      )}
    </section>
  );
}
