// A line to fill in, with its name above it.
interface Props {
  name: string;
  value: string;
  onChange: (value: string) => void;
  onDone?: () => void; // the keyboard's own key for it
  kind?: "text" | "tel" | "code" | "search" | "date";
  hint?: string;
  most?: number;
  hidden?: boolean; // the name is for screen readers only
}

const MODES = { text: "text", tel: "tel", code: "numeric", search: "search", date: "text" } as const;

/** One line. */
export function Field({ name, value, onChange, onDone, kind = "text", hint, most = 64, hidden }: Props) {
  const onInput = (event: { target: unknown; detail?: unknown }) => onChange(valueOf(event));
  return (
    <label className="field">
      <span className={hidden ? "unseen" : "field-name"}>{name}</span>
      <input
        className="input"
        type={typeOf(kind)}
        inputMode={MODES[kind]}
        autoComplete={kind === "tel" ? "tel-national" : kind === "code" ? "one-time-code" : "off"}
        enterKeyHint={kind === "search" ? "search" : "done"}
        maxLength={most}
        placeholder={hint}
        value={value}
        onInput={onInput as never}
        onKeyDown={(event) => void (event.key === "Enter" && !event.nativeEvent.isComposing && onDone?.())}
        {...({ onConfirm: onDone } as object)}
      />
    </label>
  );
}

function typeOf(kind: keyof typeof MODES): string {
  if (process.env.TARO_ENV !== "h5") {
    return kind === "tel" || kind === "code" ? "number" : "text";
  }
  return kind === "code" ? "text" : kind;
}

/** What stands in a field, in a browser and in a mini-program. */
function valueOf(event: { target: unknown; detail?: unknown }): string {
  const told = event.detail as { value?: string } | undefined;
  if (told && typeof told === "object" && typeof told.value === "string") {
    return told.value;
  }
  return (event.target as { value?: string }).value || "";
}
