// Several lines to fill in, with their name above.
interface Props {
  name: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  most?: number;
}

export function Area({ name, value, onChange, hint, most = 1000 }: Props) {
  const onInput = (event: { target: unknown; detail?: unknown }) => {
    const told = event.detail as { value?: string } | undefined;
    const typed = told && typeof told === "object" && typeof told.value === "string" ? told.value : null;
    onChange(typed ?? ((event.target as { value?: string }).value || ""));
  };
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <textarea className="textarea" maxLength={most} placeholder={hint} value={value} onInput={onInput as never} />
    </label>
  );
}
