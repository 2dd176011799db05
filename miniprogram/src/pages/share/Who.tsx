// The first step: for whom. A tap answers it.
import { useWords } from "../../words";
import { shareWords } from "../../words/share";

export function Who({ onChoose }: { onChoose: (doctor: boolean) => void }) {
  const say = useWords(shareWords);
  return (
    <section className="stack">
      <h2 className="large">{say.shareWho}</h2>
      <Way name={say.forDoctor} why={say.forDoctorWhy} onTap={() => onChoose(true)} />
      <Way name={say.forOthers} why={say.forOthersWhy} onTap={() => onChoose(false)} />
    </section>
  );
}

function Way({ name, why, onTap }: { name: string; why: string; onTap: () => void }) {
  return (
    <button className="way" onClick={onTap}>
      <span className="way-words">
        <span className="way-name">{name}</span>
        <span className="way-why second">{why}</span>
      </span>
      <span className="way-on" aria-hidden="true">
        ›
      </span>
    </button>
  );
}
