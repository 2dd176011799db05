// Which hospital, which number and whose name, as both kinds of binding ask for them.
import type { Hospital } from "../../api/hospitals";
import { Field } from "../../parts/Field";
import { Chips } from "../../parts/Pieces";
import { useMore } from "../../words/more";

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
  const more = useMore();
  return (
    <div className="stack">
      {all.length > 1 && (
        <div>
          <p className="field-name">{more.bindHospital}</p>
          <Chips
            name={more.bindHospital}
            chosen={claim.hospital}
            options={all.map((each) => [each.code, each.name])}
            onChoose={(hospital) => onChange({ ...claim, hospital })}
          />
        </div>
      )}
      <div>
        <p className="field-name">{more.bindKind}</p>
        <Chips
          name={more.bindKind}
          chosen={claim.kind}
          options={Object.entries(more.kinds)}
          onChoose={(kind) => onChange({ ...claim, kind })}
        />
      </div>
      <Field name={more.kinds[claim.kind] || more.bindValue} value={claim.value} onChange={(value) => onChange({ ...claim, value })} />
      <Field name={more.bindName} value={claim.name} onChange={(name) => onChange({ ...claim, name })} most={128} />
      <p className="text small">{more.bindWhere}</p>
    </div>
  );
}
