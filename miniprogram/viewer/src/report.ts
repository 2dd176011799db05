// A structured report or a key object selection as a document to read (PS3.3 A.35, C.17.3).

import { day, described, item, items, number, personName, text, values, type Name, type Row } from "./dicomjson";
import { element } from "./elements";
import { say } from "./words";

const DEEPEST = 32;

export function report(row: Row): HTMLElement {
  const title = meaning(row) || described(row, "SeriesDescription") || say("report");
  const state = [word(row, "CompletionFlag"), word(row, "VerificationFlag"), day(row)].filter(Boolean).join(" · ");
  return element("article.document", {}, element("h2", {}, title), element("p.quiet", {}, state), ...items(row, "ContentSequence").map((each) => piece(each, 0)));
}

const word = (row: Row, name: Name) => {
  const found = text(row, name);
  return found ? say(found.toLowerCase()) : "";
};

function piece(row: Row, depth: number): HTMLElement {
  const name = meaning(row);
  const below = depth < DEEPEST ? items(row, "ContentSequence").map((each) => piece(each, depth + 1)) : [];
  if (text(row, "ValueType") === "CONTAINER") {
    return element("section", {}, name ? element("h3", {}, name) : null, ...below);
  }
  const inside = below.length ? element("div.inside", {}, ...below) : null;
  return element("dl", {}, element("dt", {}, name), element("dd", {}, said(row), inside));
}

const meaning = (row: Row | undefined) => text(item(row, "ConceptName"), "CodeMeaning");

function said(row: Row): string {
  switch (text(row, "ValueType")) {
    case "TEXT":
      return text(row, "TextValue");
    case "CODE":
      return text(item(row, "ConceptCode"), "CodeMeaning");
    case "NUM":
      return amount(item(row, "MeasuredValue"));
    case "PNAME":
      return personName(values(row, "PersonValue")[0]);
    case "DATETIME":
      return text(row, "DateTimeValue");
    case "DATE":
      return text(row, "DateValue");
    case "TIME":
      return text(row, "TimeValue");
    case "UIDREF":
      return text(row, "UidValue");
    default:
      return text(row, "ValueType").toLowerCase();
  }
}

function amount(measured: Row | undefined): string {
  const unit = item(measured, "Units");
  const short = text(unit, "CodeValueText");
  const words = short === "1" ? "" : short || text(unit, "CodeMeaning");
  return [number(measured, "NumericValue") ?? "", words].join(" ").trim();
}
