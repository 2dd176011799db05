// A day to choose: the browser's own calendar, or the platform's picker.
import { Picker } from "@tarojs/components";

interface Props {
  name: string;
  value: string; // YYYY-MM-DD, empty for any
  onChange: (value: string) => void;
}

export function DayField({ name, value, onChange }: Props) {
  if (process.env.TARO_ENV !== "h5") {
    return (
      <Picker mode="date" value={value} onChange={(event) => onChange(String(event.detail.value))}>
        <div className="field">
          <span className="field-name">{name}</span>
          <div className="input">{value || "—"}</div>
        </div>
      </Picker>
    );
  }
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <input className="input" type="date" value={value} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
