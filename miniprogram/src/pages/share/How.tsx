// The third step: how long, with a passcode, whether files may be taken along, and whether it says whose they are.
import { Card, Check, Chips } from "../../parts/Pieces";
import { useWords } from "../../words";
import { later, sayMoment } from "../../words/moments";
import { shareWords } from "../../words/share";
import { DAY, type Draft, HOUR, lifeOf, lives } from "./draft";

export function How({ draft, onChange }: { draft: Draft; onChange: (more: Partial<Draft>) => void }) {
  const say = useWords(shareWords);
  const word = (seconds: number) => (seconds < 3 * DAY ? say.hours(seconds / HOUR) : say.daysFor(seconds / DAY));
  return (
    <section className="stack">
      <h2 className="large">{say.shareHow}</h2>
      {draft.passcode && (
        <Card>
          <h3 className="heading">{say.shareFor}</h3>
          <Chips
            name={say.shareFor}
            chosen={String(draft.seconds)}
            options={lives(draft).map((each) => [String(each), word(each)])}
            onChoose={(said) => onChange({ seconds: Number(said) })}
          />
          <p className="text second">{say.shareUntil(sayMoment(later(lifeOf(draft))))}</p>
        </Card>
      )}
      <Card>
        <Check on={draft.hidden} onTap={() => onChange({ hidden: !draft.hidden })}>
          {say.shareHide}
        </Check>
        <p className="text second">{draft.hidden ? say.shareHidden : say.shareNamed}</p>
      </Card>
      <Card>
        {draft.hidden && (
          <Check on={draft.passcode} onTap={() => onChange({ passcode: !draft.passcode })}>
            {say.sharePasscode}
          </Check>
        )}
        {!draft.hidden && <p className="text">{say.sharePasscodeMust}</p>}
        <p className="text second">{draft.passcode ? say.sharePasscodeWhy : say.faceToFace}</p>
      </Card>
      <Card>
        <Check on={draft.download} onTap={() => onChange({ download: !draft.download })}>
          {say.shareDownload}
        </Check>
        {!draft.download && <p className="text second">{say.shareDownloadNot}</p>}
      </Card>
    </section>
  );
}
