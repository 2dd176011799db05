// Reading DICOM JSON (PS3.18 annex F), and saying dates, names and sizes as people do.

import { english, say } from "./words.js";

export const TAG = {
  StudyDate: "00080020", StudyTime: "00080030", AccessionNumber: "00080050", Modality: "00080060", ModalitiesInStudy: "00080061",
  SOPClassUID: "00080016", SOPInstanceUID: "00080018", StudyDescription: "00081030", SeriesDescription: "0008103E",
  PatientName: "00100010", PatientID: "00100020", StudyInstanceUID: "0020000D", SeriesInstanceUID: "0020000E",
  SeriesNumber: "00200011", InstanceNumber: "00200013", StudySeries: "00201206", StudyInstances: "00201208",
  SeriesInstances: "00201209", NumberOfFrames: "00280008", Rows: "00280010", Columns: "00280011", BitsStored: "00280101",
  PixelRepresentation: "00280103", Photometric: "00280004", WindowCenter: "00281050", WindowWidth: "00281051",
  WindowNames: "00281055", RescaleIntercept: "00281052", RescaleSlope: "00281053", VoiLut: "00283010",
  Smallest: "00280106", Largest: "00280107", FrameTime: "00181063", CineRate: "00180040", DisplayRate: "00082144",
  SharedGroups: "52009229", FrameGroups: "52009230", FrameVoi: "00289132", FrameRescale: "00289145",
};

/** All values of an attribute. */
export const values = (row, name) => row?.[TAG[name]]?.Value ?? [];

/** The first value, or undefined. */
export const value = (row, name) => values(row, name)[0];

/** The first value as text, "" when absent. */
export const text = (row, name) => String(value(row, name) ?? "");

/** The first value as a number, or undefined. */
export function number(row, name) {
  const found = Number(value(row, name) ?? NaN);
  return Number.isFinite(found) ? found : undefined;
}

const CJK = /[\u3400-\u9fff\u{20000}-\u{3ffff}]/u;

/** A patient's name as people write it: 王小东, John Doe. */
export function personName(row) {
  const groups = value(row, "PatientName") ?? {};
  const group = (english ? groups.Alphabetic || groups.Ideographic : groups.Ideographic || groups.Alphabetic) || "";
  const parts = group.split("^").map((part) => part.trim()).filter(Boolean);
  if (CJK.test(group)) return parts.join("");
  const [family, ...given] = parts;
  return [...given, family].filter(Boolean).join(" ");
}

/** The same name for a screen that others see: 王**, J*** D***. */
export function maskedName(name) {
  if (!name) return "";
  if (CJK.test(name)) return [...name][0] + "**";
  return name.split(" ").map((word) => [...word][0] + "***").join(" ");
}

/** 2026年1月5日 上午9:30; today and yesterday by these words; "" when there is no date. */
export function when(row, today = new Date()) {
  const date = text(row, "StudyDate");
  if (!/^\d{8}$/.test(date)) return "";
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6, 8)].map(Number);
  return [dayWords(year, month, day, today), clockWords(text(row, "StudyTime"))].filter(Boolean).join(" ");
}

function dayWords(year, month, day, today) {
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate());
  const daysAgo = Math.round((midnight - new Date(year, month - 1, day)) / 86_400_000);
  if (daysAgo === 0) return english ? "today" : "今天";
  if (daysAgo === 1) return english ? "yesterday" : "昨天";
  if (!english) return `${year}年${month}月${day}日`;
  return new Date(year, month - 1, day).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

function clockWords(time) {
  const found = /^(\d{2})(\d{2})/.exec(time);
  if (!found) return "";
  const [hour, minute] = [Number(found[1]), found[2]];
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  if (english) return `${twelve}:${minute} ${hour < 12 ? "am" : "pm"}`;
  const half = hour < 5 ? "凌晨" : hour < 12 ? "上午" : hour === 12 ? "中午" : "下午";
  return `${half}${hour === 0 ? 0 : twelve}:${minute}`;
}

/** A number as it is spoken: no more than two digits after the point. */
export const plain = (one) => String(Math.round(one * 100) / 100);

/** A description as people read it; ^ stands for a blank where devices write names of exams. */
export const described = (row, name) => text(row, name).replaceAll("^", " ").trim();

const NOT_PICTURES = new Set(["SR", "PR", "KO", "DOC", "ECG", "REG", "RTPLAN", "RTSTRUCT", "AU", "HD", "EEG"]);

/** 共 120 幅, or 共 2 个文件 where nothing of it is a picture. */
export function counted(modalities, count) {
  const pictures = modalities.some((each) => !NOT_PICTURES.has(each));
  return say(pictures ? "images" : "objects", { count });
}

/** 3 个序列 · 共 120 幅 */
export function counts(row) {
  const series = say("series", { count: number(row, "StudySeries") ?? 0 });
  return `${series} · ${counted(values(row, "ModalitiesInStudy"), number(row, "StudyInstances") ?? 0)}`;
}
