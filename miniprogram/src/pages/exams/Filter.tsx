// How the list is narrowed: hospital, kind, days, order.
import { useEffect, useState } from "react";

import type { ExamQuery } from "../../api/exams";
import { hospitals, type Hospital } from "../../api/hospitals";
import { DayField } from "../../parts/DayField";
import { Card, Chips } from "../../parts/Pieces";
import { useWords } from "../../words";
import { cardWords } from "../../words/card";
import { examsWords } from "../../words/exams";

interface Props {
  query: ExamQuery;
  onChange: (query: ExamQuery) => void;
}

export function Filter({ query, onChange }: Props) {
  const say = useWords(examsWords);
  const { categories } = useWords(cardWords);
  const [known, setKnown] = useState<Hospital[]>([]);
  useEffect(() => {
    hospitals().then(setKnown, () => undefined);
  }, []);
  return (
    <Card>
      <h2 className="heading">{say.hospital}</h2>
      <Chips
        name={say.hospital}
        chosen={query.hospital}
        options={[["", say.allHospitals], ...known.map((each): [string, string] => [each.code, each.name])]}
        onChoose={(hospital) => onChange({ ...query, hospital })}
      />
      <h2 className="heading">{say.category}</h2>
      <Chips
        name={say.category}
        chosen={query.category}
        options={[["", say.allCategories], ...Object.entries(categories)]}
        onChoose={(category) => onChange({ ...query, category })}
      />
      <h2 className="heading">{say.days}</h2>
      <div className="row">
        <DayField name={say.from} value={query.from} onChange={(from) => onChange({ ...query, from })} />
        <DayField name={say.to} value={query.to} onChange={(to) => onChange({ ...query, to })} />
      </div>
      <h2 className="heading">{say.order}</h2>
      <Chips
        name={say.order}
        chosen={query.sort}
        options={[
          ["", say.newestFirst],
          ["performed_at", say.oldestFirst],
          ["hospital", say.byHospital],
          ["body_part", say.byPart],
        ]}
        onChoose={(sort) => onChange({ ...query, sort })}
      />
    </Card>
  );
}
