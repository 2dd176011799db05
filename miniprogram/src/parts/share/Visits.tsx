// Who opened a share: when, from where, on what, and what they took along.
import { type Share, type Visit, visits } from "../../api/shares";
import { nameOf, useWords } from "../../words";
import { deviceWords, sayDevice, sayPlace } from "../../words/devices";
import { sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { Card, Fault } from "../Pieces";
import { useAnswer } from "../useAnswer";

export function Visits({ share }: { share: Share }) {
  const say = useWords(shareWords);
  const asked = useAnswer(() => visits(share.id), [share.id, share.state, share.opens]);
  const found = asked.answer?.items || [];
  return (
    <section className="stack">
      <h2 className="heading">{say.visitsTitle}</h2>
      <Card>
        {asked.problem && <Fault problem={asked.problem} again={asked.again} />}
        {asked.answer && !found.length && <p className="text second">{say.visitsNone}</p>}
        <ul className="lines">
          {found.map((visit, index) => (
            <li className="line" key={`${visit.at}-${index}`}>
              <VisitLine visit={visit} />
            </li>
          ))}
        </ul>
        {found.some((visit) => visit.said) && <p className="text small">{say.visitsWho}</p>}
      </Card>
    </section>
  );
}

function VisitLine({ visit }: { visit: Visit }) {
  const say = useWords(shareWords);
  const who = visit.said ? [visit.said.hospital, visit.said.name].filter(Boolean).join(" ") : say.somebody;
  const taken = visit.exams.some((each) => each.downloaded_at) ? say.events.downloaded : "";
  const devices = useWords(deviceWords);
  const where = visit.place?.city || sayPlace(devices, visit.place);
  return (
    <span className="grow">
      <span className="line-name strong">{who}</span>
      <span className="line-more">{[nameOf(say.events, visit.what), taken].filter(Boolean).join("，")}</span>
      <span className="second line-more">{sayMoment(visit.at)}</span>
      <span className="second line-more">{[where, sayDevice(devices, visit.device)].filter(Boolean).join(" · ")}</span>
    </span>
  );
}
