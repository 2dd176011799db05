// A series in words, on its thumbnail and in the corner of a pane.

import { described, text } from "./dicomjson";
import type { Series } from "./pictures";
import { say } from "./words";

export const seriesWords = ({ row }: Series): string => described(row, "SeriesDescription") || say("series", { number: text(row, "SeriesNumber") });
