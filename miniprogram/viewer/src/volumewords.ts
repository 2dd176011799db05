// What is said of a volume and its planes: needed by nobody who never opens one.

import { english } from "./settings";

const ZH: Record<string, string> = {
  axial: "横断", coronal: "冠状", sagittal: "矢状", three: "三个平面", made: "重建图像", end: "结束", halved: "平面内减半",
  coming: "正在取影像 {count} / {total}", slices: "已取的影像", thickness: "层厚", thin: "最薄", kind: "显示",
  mean: "平均", max: "最大密度", min: "最小密度", "mean.note": "厚层平均", "max.note": "MIP，看血管和骨", "min.note": "MinIP，看气道",
};

const EN: Record<string, string> = {
  axial: "Axial", coronal: "Coronal", sagittal: "Sagittal", three: "All three", made: "Reformatted", end: "End", halved: "half resolution in plane",
  coming: "Loading images {count} / {total}", slices: "Images loaded", thickness: "Thickness", thin: "Thinnest", kind: "Show",
  mean: "Mean", max: "MIP", min: "MinIP", "mean.note": "average of the slab", "max.note": "brightest: vessels, bone", "min.note": "darkest: airways",
};

export const word = (name: string, values: Record<string, unknown> = {}): string =>
  ((english ? EN : ZH)[name] ?? name).replace(/\{(\w+)\}/g, (_, hole: string) => String(values[hole] ?? ""));
