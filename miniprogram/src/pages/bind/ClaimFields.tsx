// Which hospital, which number and whose name, as both kinds of binding ask for them.
import type { Hospital } from "../../api/hospitals";
import { Field } from "../../parts/Field";
import { Chips } from "../../parts/Pieces";
import { nameOf, useWords } from "../../words";
import { bindWords } from "../../words/bind";

export interface Claim {
  hospital: string;
  kind: string;
  value: string;
  name: string;
}

export interface ClaimProps {
  claim: Claim;
  onChange: (claim: Claim) => void;
  all: Hospital[];
}

/** Which hospital, which number, whose name. */
export function ClaimFields({ claim, onChange, all }: ClaimProps) {
  const say = useWords(bindWords);
  return (
    <div className="stack">
      {all.length > 1 && (
        <div>
          <p className="field-name">{say.bindHospital}</p>
          <Chips
            name={say.bindHospital}
            chosen={claim.hospital}
            options={all.map((each) => [each.code, each.name])}
            onChoose={(hospital) => onChange({ ...claim, hospital })}
          />
        </div>
      )}
      <div>
        <p className="field-name">{say.bindKind}</p>
        <Chips
          name={say.bindKind}
          chosen={claim.kind}
          options={Object.entries(say.kinds)}
          onChoose={(kind) => onChange({ ...claim, kind })}
        />
      </div>
      <Field
        name={nameOf(say.kinds, claim.kind, say.bindValue)}
        value={claim.value}
        onChange={(value) => onChange({ ...claim, value })}
      />
      <Field name={say.bindName} value={claim.name} onChange={(name) => onChange({ ...claim, name })} most={128} />
      <p className="text small">{say.bindWhere}</p>
    </div>
  );
}
