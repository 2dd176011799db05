// An ECG as paper shows it: 25 mm a second, 10 mm a millivolt (PS3.3 C.10.9, A.34.3).

import { drawn, element } from "./elements";
import { described, text, type Attribute, type Row } from "./dicomjson";
import type { Picture } from "./pictures";
import { Failure, part } from "./server";
import { say } from "./words";

const TAG = {
  channels: "003A0005", samples: "003A0010", frequency: "003A001A", definitions: "003A0200", source: "003A0208", sensitivity: "003A0210",
  units: "003A0211", correction: "003A0212", baseline: "003A0213", bits: "54001004", interpretation: "54001006", data: "54001010", meaning: "00080104", code: "00080100",
};
const SPEED_MM = 25; // a second
const GAIN_MM = 10; // a millivolt
const PIXELS_A_MM = 4;
const LEAD_MM = 24; // of paper for each lead
const EDGE_MM = 8;
const NAME_MM = 12;
// Millivolts in each unit of a channel's sensitivity (UCUM).
const MILLIVOLTS: Record<string, number> = { uV: 0.001, mV: 1, V: 1000 };
const BYTES: Record<string, number> = { SB: 1, UB: 1, SS: 2, US: 2, SL: 4, UL: 4 };

export interface Lead {
  name: string;
  millivolts: Float32Array;
}

export async function ecg(picture: Picture): Promise<HTMLElement> {
  const group = rhythm(picture.row);
  if (!group) throw new Failure("not-viewable");
  const leads = leadsOf(group, await bytesOf(group.row));
  const frequency = one(group.row, TAG.frequency);
  const seconds = one(group.row, TAG.samples) / frequency;
  const about = say("ecgChannels", { count: leads.length, seconds: Math.round(seconds * 10) / 10, rate: frequency });
  const scale = say("ecgScale", { speed: SPEED_MM, gain: GAIN_MM });
  return element(
    "div.ecg",
    {},
    element("p", {}, [described(picture.row, "SeriesDescription") || say("ecg"), about, scale].join(" · ")),
    element("div.sheet-of-paper", { tabIndex: 0, role: "img", "aria-label": `${say("ecg")}，${about}` }, paper(leads, frequency, seconds)),
    element("p", {}, say("disclaimer")),
  );
}

/** The first multiplex group, which is the rhythm as recorded; others are averages of it. */
function rhythm(row: Row): { row: Row; attribute: Attribute } | null {
  const found = (row["54000100"]?.Value ?? [])[0] as Row | undefined;
  const attribute = found?.[TAG.data];
  return found && attribute ? { row: found, attribute } : null;
}

async function bytesOf(group: Row): Promise<Uint8Array> {
  const data = group[TAG.data] as Attribute;
  if (data.InlineBinary) return Uint8Array.from(atob(data.InlineBinary), (letter) => letter.charCodeAt(0));
  if (!data.BulkDataURI) throw new Failure("not-viewable");
  const { pathname } = new URL(data.BulkDataURI, location.href); // the same server by whatever name
  return (await part(pathname, 'multipart/related; type="application/octet-stream", application/octet-stream; q=0.9')).bytes;
}

const one = (row: Row | undefined, tag: string): number => Number(row?.[tag]?.Value?.[0] ?? NaN);
const first = (row: Row | undefined, tag: string): Row | undefined => row?.[tag]?.Value?.[0] as Row | undefined;

/** Each lead in millivolts; raises not-viewable for samples that no rule of the standard explains. */
export function leadsOf({ row }: { row: Row }, bytes: Uint8Array): Lead[] {
  const [channels, samples] = [one(row, TAG.channels), one(row, TAG.samples)];
  const kind = text(row as Row, "WaveformKind");
  const wide = BYTES[kind];
  if (!wide || !(channels > 0) || bytes.length < channels * samples * wide) throw new Failure("not-viewable");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = reader(view, kind);
  return ((row[TAG.definitions]?.Value ?? []) as Row[]).map((definition, channel) => {
    const unit = String(first(definition, TAG.units)?.[TAG.code]?.Value?.[0] ?? "uV");
    const factor = (one(definition, TAG.sensitivity) || 1) * (one(definition, TAG.correction) || 1) * (MILLIVOLTS[unit] ?? 0.001);
    const baseline = one(definition, TAG.baseline) || 0;
    const millivolts = new Float32Array(samples);
    for (let at = 0; at < samples; at += 1) millivolts[at] = read((at * channels + channel) * wide) * factor + baseline * (MILLIVOLTS[unit] ?? 0.001);
    const name = String(first(definition, TAG.source)?.[TAG.meaning]?.Value?.[0] ?? channel + 1);
    return { name: name.replace(/^Lead\s+/i, "").replace(/\s*\(.*\)$/, ""), millivolts };
  });
}

function reader(view: DataView, kind: string): (at: number) => number {
  switch (kind) {
    case "SB":
      return (at) => view.getInt8(at);
    case "UB":
      return (at) => view.getUint8(at);
    case "US":
      return (at) => view.getUint16(at, true);
    case "SL":
      return (at) => view.getInt32(at, true);
    case "UL":
      return (at) => view.getUint32(at, true);
    default:
      return (at) => view.getInt16(at, true);
  }
}

function paper(leads: Lead[], frequency: number, seconds: number): SVGElement {
  const [wide, high] = [NAME_MM + seconds * SPEED_MM + EDGE_MM, leads.length * LEAD_MM + EDGE_MM];
  const svg = drawn("svg", { width: wide * PIXELS_A_MM, height: high * PIXELS_A_MM, viewBox: `0 0 ${wide} ${high}`, "aria-hidden": "true" });
  svg.append(squares(wide, high, 1, "#f6d4cc", 0.08), squares(wide, high, 5, "#eaa99b", 0.16));
  leads.forEach((lead, place) => {
    const middle = EDGE_MM / 2 + (place + 0.5) * LEAD_MM;
    const name = drawn("text", { x: 2, y: middle - 5, "font-size": 4, fill: "#3b2a26", "font-weight": 600 });
    name.textContent = lead.name;
    const pulse = drawn("path", { d: `M2 ${middle}h2v-${GAIN_MM}h4v${GAIN_MM}h2`, fill: "none", stroke: "#3b2a26", "stroke-width": 0.25 });
    svg.append(name, pulse, drawn("path", { d: curve(lead.millivolts, frequency, middle), fill: "none", stroke: "#1b2328", "stroke-width": 0.3, "stroke-linejoin": "round" }));
  });
  return svg;
}

function squares(wide: number, high: number, every: number, colour: string, thick: number): SVGElement {
  let d = "";
  for (let x = 0; x <= wide; x += every) d += `M${x} 0V${high}`;
  for (let y = 0; y <= high; y += every) d += `M0 ${y}H${wide}`;
  return drawn("path", { d, stroke: colour, "stroke-width": thick, fill: "none" });
}

const POINTS_A_MM = 16; // finer than any screen draws

function curve(millivolts: Float32Array, frequency: number, middle: number): string {
  const every = Math.max(1, Math.floor(frequency / (SPEED_MM * POINTS_A_MM)));
  let d = "";
  for (let at = 0; at < millivolts.length; at += every) {
    const [x, y] = [NAME_MM + (at / frequency) * SPEED_MM, middle - (millivolts[at] as number) * GAIN_MM];
    d += `${at ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`;
  }
  return d;
}
