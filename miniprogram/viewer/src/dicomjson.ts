// Reading DICOM JSON (PS3.18 annex F).

export interface Attribute {
  vr: string;
  Value?: unknown[];
  BulkDataURI?: string;
  InlineBinary?: string;
}
export type Row = Record<string, Attribute>;

export const TAG = {
  SOPClassUID: "00080016", SOPInstanceUID: "00080018", StudyDate: "00080020", StudyTime: "00080030", Modality: "00080060",
  ContentDate: "00080023", StudyDescription: "00081030", SeriesDescription: "0008103E", DisplayRate: "00082144",
  ReferencedSOP: "00081155", ReferencedFrame: "00081160", CodeMeaning: "00080104", UnitsCode: "004008EA",
  PatientName: "00100010", PatientID: "00100020", CineRate: "00180040", FrameTime: "00181063",
  SliceThickness: "00180050", ImagerPixelSpacing: "00181164", Magnification: "00181114", UltrasoundRegions: "00186011",
  StudyInstanceUID: "0020000D", SeriesInstanceUID: "0020000E", SeriesNumber: "00200011", InstanceNumber: "00200013",
  ImagePosition: "00200032", ImageOrientation: "00200037", FrameOfReference: "00200052", SliceLocation: "00201041",
  SeriesInstances: "00201209", Photometric: "00280004", NumberOfFrames: "00280008", Rows: "00280010", Columns: "00280011",
  PixelSpacing: "00280030", PixelAspectRatio: "00280034", BitsAllocated: "00280100", BitsStored: "00280101",
  PixelRepresentation: "00280103", Smallest: "00280106", Largest: "00280107", Padding: "00280120", PaddingLimit: "00280121",
  SamplesPerPixel: "00280002", WindowCenter: "00281050", WindowWidth: "00281051", RescaleIntercept: "00281052",
  RescaleSlope: "00281053", RescaleType: "00281054", WindowNames: "00281055", VoiFunction: "00281056", ModalityLut: "00283000",
  VoiLut: "00283010", CalibrationType: "00280A02", PresentationLut: "20500010", PresentationShape: "20500020",
  SharedGroups: "52009229", FrameGroups: "52009230", FrameVoi: "00289132", FrameRescale: "00289145",
  FrameMeasures: "00289110", FramePosition: "00209113", FrameOrientation: "00209116", FrameContent: "00209111",
  RegionFormat: "00186012", RegionX0: "00186018", RegionY0: "0018601A", RegionX1: "0018601C", RegionY1: "0018601E",
  RegionUnitsX: "00186024", RegionUnitsY: "00186026", RegionDeltaX: "0018602C", RegionDeltaY: "0018602E",
  Document: "00420011", DocumentType: "00420012", DocumentTitle: "00420010", Waveforms: "54000100",
  ContentSequence: "0040A730", ValueType: "0040A040", ConceptName: "0040A043", RelationshipType: "0040A010",
  TextValue: "0040A160", ConceptCode: "0040A168", CodeValueText: "00080100", MeasuredValue: "0040A300", NumericValue: "0040A30A", DateTimeValue: "0040A120",
  DateValue: "0040A121", TimeValue: "0040A122", PersonValue: "0040A123", UidValue: "0040A124", ReferencedSequence: "00081199",
  Units: "004008EA", CompletionFlag: "0040A491", VerificationFlag: "0040A493", DocumentCode: "0040A043",
  WaveformKind: "54001006", Intensity: "00281040", ReferencedSeries: "00081115", ReferencedImages: "00081140",
  ShutterShape: "00181600", ShutterLeft: "00181602", ShutterRight: "00181604", ShutterUpper: "00181606", ShutterLower: "00181608",
  ShutterCenter: "00181610", ShutterRadius: "00181612", ShutterVertices: "00181620", SoftcopyVoi: "00283110",
  Graphics: "00700001", GraphicLayer: "00700002", BoxUnits: "00700003", AnchorUnits: "00700004", GraphicUnits: "00700005",
  NoteText: "00700006", Texts: "00700008", Shapes: "00700009", BoxStart: "00700010", BoxEnd: "00700011", Anchor: "00700014",
  AnchorShown: "00700015", GraphicData: "00700022", GraphicType: "00700023", GraphicFilled: "00700024",
  HorizontalFlip: "00700041", Rotation: "00700042", AreaStart: "00700052", AreaEnd: "00700053", DisplayedAreas: "0070005A",
  Layers: "00700060", LayerOrder: "00700062", ContentLabel: "00700080", CreationDate: "00700082", CreationTime: "00700083",
} as const;
export type Name = keyof typeof TAG;

/** All values of an attribute. */
export const values = (row: Row | undefined, name: Name): unknown[] => row?.[TAG[name]]?.Value ?? [];

/** The first value as text, "" when absent. */
export const text = (row: Row | undefined, name: Name): string => {
  const found = values(row, name)[0];
  return found === undefined || found === null ? "" : String(found);
};

/** The first value as a number, or undefined. */
export function number(row: Row | undefined, name: Name): number | undefined {
  const found = values(row, name)[0];
  const one = found === undefined || found === null ? NaN : Number(found);
  return Number.isFinite(one) ? one : undefined;
}

/** All values as numbers; [] when one of them is none. */
export function numbers(row: Row | undefined, name: Name): number[] {
  const all = values(row, name).map(Number);
  return all.every(Number.isFinite) ? all : [];
}

/** The items of a sequence. */
export const items = (row: Row | undefined, name: Name): Row[] => values(row, name) as Row[];
export const item = (row: Row | undefined, name: Name): Row | undefined => items(row, name)[0];

/** A functional group of one frame (1-based): its own, else the shared one (PS3.3 C.7.6.16). */
export function group(row: Row, frame: number, name: Name): Row | undefined {
  return item(items(row, "FrameGroups")[frame - 1], name) ?? item(item(row, "SharedGroups"), name);
}

const CJK = /[\u3400-\u9fff\u{20000}-\u{3ffff}]/u;

/** A person's name as people write it: 王小东, John Doe. */
export function personName(given: unknown): string {
  const groups = (given ?? {}) as { Alphabetic?: string; Ideographic?: string };
  const group = groups.Ideographic || groups.Alphabetic || "";
  const parts = group.split("^").map((part) => part.trim()).filter(Boolean);
  if (CJK.test(group)) return parts.join("");
  const [family, ...more] = parts;
  return [...more, family].filter(Boolean).join(" ");
}

/** The same name for a screen that others see: 王**, J*** D***. */
export function maskedName(name: string): string {
  if (!name) return "";
  if (CJK.test(name)) return `${[...name][0]}**`;
  return name.split(" ").map((word) => `${[...word][0]}***`).join(" ");
}

/** A number as it is spoken: no more than `digits` after the point. */
export const plain = (one: number, digits = 2): string => String(Math.round(one * 10 ** digits) / 10 ** digits);

/** A description as people read it; ^ stands for a blank where devices write names of exams. */
export const described = (row: Row | undefined, name: Name): string => text(row, name).replaceAll("^", " ").trim();

/** 20260105 → 2026-01-05; "" for anything else. */
export function day(row: Row | undefined): string {
  const date = text(row, "StudyDate");
  return /^\d{8}$/.test(date) ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : "";
}
