// How everything is done: by fingers, by the mouse, by keys. Loaded when somebody asks.

import { element } from "./elements";
import { english } from "./settings";
import { showSheet } from "./sheet";
import { say } from "./words";

type Row = [what: string, touch: string, mouse: string, keys: string];

const ZH: Row[] = [
  ["翻看", "上下拖动，拖滑块，点上下箭头", "滚轮，拖滑块", "↑ ↓ PgUp PgDn Home End"],
  ["换序列", "点下方小图", "点左侧小图", "← →"],
  ["放大缩小", "两指张合，双击；更多 › 放大", "右键拖动，Ctrl + 滚轮，双击", "+ −"],
  ["移动", "两指拖动；更多 › 移动", "中键拖动", "Shift + ← ↑ ↓ →"],
  ["看全图", "放大后双击；更多 › 适合屏幕", "放大后双击", "F"],
  ["原始大小", "更多 › 原始大小", "更多 › 原始大小", "1"],
  ["明暗", "调窗后上下拖动，或点更亮、更暗", "左键上下拖动", ", ."],
  ["对比", "调窗后左右拖动，或点对比强、弱", "左键左右拖动", "[ ]"],
  ["现成窗位", "窗位", "窗位", "W"],
  ["测量", "测量，选一种再画", "测量，选一种再画", "M，长度 L"],
  ["旋转、镜像、翻转", "更多 › 旋转、左右镜像、上下翻转", "更多 › 旋转、左右镜像、上下翻转", "R H V"],
  ["黑白反转", "更多 › 黑白反转", "更多 › 黑白反转", "I"],
  ["播放", "播放", "播放", "空格"],
  ["同时看几幅", "布局", "布局", "G"],
  ["几幅一起翻", "布局 › 同步翻看", "布局 › 同步翻看", "S"],
  ["多平面重建 (MPR)", "布局 › 多平面重建", "布局 › 多平面重建", "X"],
  ["对比另一次检查", "布局 › 对比另一次检查", "布局 › 对比另一次检查", "C"],
  ["标为关键", "更多 › 标为关键", "更多 › 标为关键", "K"],
  ["医生标注", "更多 › 医生标注", "更多 › 医生标注", "O"],
  ["显示或隐藏姓名", "点右上角的姓名", "点姓名", "N"],
  ["恢复原样", "更多 › 恢复原样", "更多 › 恢复原样", "0"],
];
const EN: Row[] = [
  ["Browse", "Drag up and down, the slider, its arrows", "Wheel, the slider", "↑ ↓ PgUp PgDn Home End"],
  ["Another series", "Tap a small picture below", "Click a small picture", "← →"],
  ["Enlarge", "Two fingers, double tap; More › Larger", "Right drag, Ctrl + wheel, double click", "+ −"],
  ["Move", "Drag with two fingers; More › Move", "Middle drag", "Shift + ← ↑ ↓ →"],
  ["See all of it", "Double tap; More › Fit", "Double click", "F"],
  ["Actual pixels", "More › Actual pixels", "More › Actual pixels", "1"],
  ["Brightness", "Contrast, then drag up or down, or its buttons", "Left drag up or down", ", ."],
  ["Contrast", "Contrast, then drag sideways, or its buttons", "Left drag sideways", "[ ]"],
  ["Usual windows", "Window", "Window", "W"],
  ["Measure", "Measure, choose, draw", "Measure, choose, draw", "M, length L"],
  ["Rotate, mirror, flip", "More › Rotate, Mirror, Flip", "More › Rotate, Mirror, Flip", "R H V"],
  ["Invert", "More › Invert", "More › Invert", "I"],
  ["Play", "Play", "Play", "Space"],
  ["Several at once", "Layout", "Layout", "G"],
  ["Scroll together", "Layout › Scroll together", "Layout › Scroll together", "S"],
  ["Reformat (MPR)", "Layout › Reformat (MPR)", "Layout › Reformat (MPR)", "X"],
  ["Compare an exam", "Layout › Compare an exam", "Layout › Compare an exam", "C"],
  ["Mark as key", "More › Mark as key", "More › Mark as key", "K"],
  ["Doctor's notes", "More › Doctor's notes", "More › Doctor's notes", "O"],
  ["Show or hide the name", "Tap the name above", "Click the name", "N"],
  ["Reset", "More › Reset", "More › Reset", "0"],
];

export function showHelp(): void {
  const fine = matchMedia("(pointer: fine)").matches;
  const heads = [say("help.what"), say(fine ? "help.mouse" : "help.touch"), ...(fine ? [say("help.keys")] : [])];
  const rows = (english ? EN : ZH).map(([what, touch, mouse, keys]) =>
    element("tr", {}, element("th", { scope: "row" }, what), ...(fine ? [mouse, keys] : [touch]).map((words) => element("td", {}, words))),
  );
  const head = element("thead", {}, element("tr", {}, ...heads.map((words) => element("th", { scope: "col" }, words))));
  const table = element("table.help", {}, head, element("tbody", {}, ...rows));
  const said = ["help.marks", "help.legal"].map((each) => element("p", {}, say(each)));
  showSheet(say("help"), element("div", {}, table, ...said), true);
}
