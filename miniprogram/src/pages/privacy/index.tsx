// The privacy policy: what is collected and why, how long it stays, who sees it, what one can do, and whom to ask.
import { Page } from "../../parts/Page";
import { Card } from "../../parts/Pieces";
import { useWords } from "../../words";
import { privacyWords } from "../../words/privacy";

export default function Privacy() {
  const say = useWords(privacyWords);
  return (
    <Page title={say.privacyTitle}>
      <p className="text second">{say.privacyLead}</p>
      {say.parts.map(({ title, lines }) => (
        <section className="stack" key={title}>
          <h2 className="heading">{title}</h2>
          <Card>
            {lines.map(([name, text]) => (
              <p className="text" key={name + text}>
                {name && <span className="strong">{name} </span>}
                {text}
              </p>
            ))}
          </Card>
        </section>
      ))}
      <p className="text small">{say.privacyDate}</p>
    </Page>
  );
}
