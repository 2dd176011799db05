// Every sentence this page says: Chinese, or English where that was chosen or is the browser's first language.

import { english } from "./settings";

const ZH: Record<string, string> = {
  title: "影像", back: "返回", disclaimer: "仅供浏览参考，不作诊断依据",
  scroll: "翻看", tone: "调窗", zoomMode: "缩放", pan: "移动", measure: "测量", presets: "窗位", play: "播放", pause: "暂停",
  layout: "布局", more: "更多", close: "关闭", previous: "上一幅", next: "下一幅", slider: "翻看第几幅", tools: "工具",
  length: "长度", angle: "角度", cobb: "Cobb 角", ellipse: "椭圆面积", freehand: "手绘面积", probe: "读数值", ratio: "心胸比",
  "hint.length": "在影像上拖动，画出要量的长度", "hint.angle": "先拖出一条边，再从顶点拖出另一条边", "hint.cobb": "先后拖出两条线",
  "hint.ellipse": "拖动画出椭圆", "hint.freehand": "沿边缘画一圈", "hint.probe": "点一下要读数的位置",
  "hint.ratio": "先拖出心脏最大横径，再拖出胸廓最大内径", "hint.second": "再画第二条", place: "放在中间", done: "完成",
  "tool.finish": "结束测量", deleteMarks: "删除测量", deleteMark: "删除这个测量", handle: "{tool} 的控制点 {count}，可用方向键移动",
  zoomIn: "放大", zoomOut: "缩小", fit: "适合屏幕", actual: "原始大小", rotate: "旋转", mirror: "左右镜像", flip: "上下翻转",
  invert: "黑白反转", sharpen: "锐化", smooth: "平滑", reset: "恢复原样", sync: "同步翻看", lines: "定位线", name: "显示姓名",
  hideName: "隐藏姓名", saver: "省流量", large: "大字", english: "English", download: "下载原始文件", key: "关键影像",
  keyOnly: "只看关键影像", markKey: "标为关键", unmarkKey: "取消关键", help: "操作说明", compare: "对比另一次检查", noCompare: "结束对比",
  "layout.1x1": "单幅", "layout.1x2": "左右两幅", "layout.2x1": "上下两幅", "layout.2x2": "四幅", "layout.2x3": "六幅", "layout.3x3": "九幅",
  pane: "影像窗口 {count}", paneOf: "{series}，第 {index} 幅，共 {total} 幅", position: "第 {index} 幅，共 {total} 幅", series: "序列 {number}", seriesList: "序列",
  images: "{count} 幅", objects: "{count} 个文件", empty: "点一个序列，放到这里",
  window: "窗宽 {width}  窗位 {center}", windowAuto: "窗宽窗位 自动", zoom: "{zoom} 倍", light: "省流量画质",
  thickness: "层厚 {value} mm", place3: "位置 {value} mm",
  "preset.file": "影像自带", "preset.soft": "纵隔窗", "preset.lung": "肺窗", "preset.bone": "骨窗", "preset.brain": "脑窗",
  "preset.abdomen": "腹部窗", "preset.liver": "肝窗", "preset.vessel": "血管窗", "preset.softer": "更柔和", "preset.harder": "更鲜明",
  "unit.pixels": "像素", "unit.pixels2": "像素²", mean: "平均 {value}", deviation: "标准差 {value}", range: "{low} 至 {high}",
  detector: "探测器平面，未校正放大", calibrated: "设备已校正", noSpacing: "影像未给出像素大小", noValue: "标准画质才能读数值",
  heart: "心 {value}", chest: "胸 {value}",
  notViewable: "这类影像暂时不能在线查看，可以下载原始文件。", missing: "没有找到这项检查。", missingNext: "它可能已被移走，或不在您可以查看的范围内。",
  offline: "网络不太好，正在重试。已看过的内容仍可查看。", offlineEnd: "网络不太好，没有读到。", retry: "重试",
  failed: "出了点问题，我们已记录（编号 {number}）。请稍后再试。", signedOut: "登录已过期", signedOutNext: "请回到检查页面，重新登录后再打开影像。",
  ended: "这份分享已到期或已被停止。", endedNext: "请联系分享给您的人重新分享。", forbidden: "您的身份不能查看影像",
  forbiddenNext: "请联系医院的管理员开通，或换一个身份登录。", noStudy: "没有指明要看哪项检查。", noStudyNext: "请从检查页面点“影像”进入。", home: "回到首页",
  noImages: "这项检查还没有影像。", noImagesNext: "影像传到后会显示在这里。",
  pdf: "文档", openPdf: "打开文档 (PDF)", "pdf.next": "这是一份文档，会在新窗口打开。", report: "结构化报告", ecg: "心电图", ecgScale: "{speed} mm/s  {gain} mm/mV",
  ecgChannels: "{count} 导联 · {seconds} 秒 · 每秒 {rate} 次采样",
  saverOn: "省流量：影像由服务器按屏幕大小绘制，放大时再取清晰的。", noWasm: "这台设备不支持原始画质，影像由服务器绘制。",
  compareList: "选择要对比的检查", noOthers: "没有其他影像检查可以对比。", thisExam: "本次", otherExam: "对比",
  "more.size": "大小和位置", "more.look": "方向和画面", "more.marked": "标记", "more.page": "本页",
  "help.what": "要做什么", "help.touch": "手指和按钮", "help.mouse": "鼠标和按钮", "help.keys": "键盘",
  "help.marks": "测量：选工具后在影像上画，圆点可再拖动；键盘可选中圆点用方向键移动，Delete 删除。测量只在本次浏览中保留。",
  "help.legal": "测量和影像仅供浏览参考，不作诊断依据。",
  left: "向左", right: "向右", up: "向上", down: "向下", brighter: "更亮", darker: "更暗", stronger: "对比强", weaker: "对比弱",
  noDownload: "分享者没有允许下载原始文件。",
  notes: "医生标注", notesNext: "打开对应的影像时会自动显示，可在“更多”里隐藏。", notesTitle: "这是医生在影像上做的标注",
  complete: "已完成", partial: "部分", verified: "已审核", unverified: "未审核",
};

const EN: Record<string, string> = {
  title: "Images", back: "Back", disclaimer: "For reference only, not for diagnosis",
  scroll: "Browse", tone: "Contrast", zoomMode: "Zoom", pan: "Move", measure: "Measure", presets: "Window", play: "Play", pause: "Pause",
  layout: "Layout", more: "More", close: "Close", previous: "Previous", next: "Next", slider: "Which image", tools: "Tools",
  length: "Length", angle: "Angle", cobb: "Cobb angle", ellipse: "Ellipse area", freehand: "Freehand area", probe: "Read value", ratio: "Heart/chest",
  "hint.length": "Drag along what you want to measure", "hint.angle": "Drag one side, then the other from its end", "hint.cobb": "Drag two lines, one after the other",
  "hint.ellipse": "Drag to draw an ellipse", "hint.freehand": "Draw around the edge", "hint.probe": "Tap the place to read",
  "hint.ratio": "Drag the widest heart first, then the widest chest inside", "hint.second": "Now the second line", place: "Put in the middle", done: "Done",
  "tool.finish": "Stop measuring", deleteMarks: "Delete measurements", deleteMark: "Delete this measurement", handle: "Point {count} of {tool}, arrow keys move it",
  zoomIn: "Larger", zoomOut: "Smaller", fit: "Fit", actual: "Actual pixels", rotate: "Rotate", mirror: "Mirror", flip: "Flip",
  invert: "Invert", sharpen: "Sharpen", smooth: "Smooth", reset: "Reset", sync: "Scroll together", lines: "Reference lines", name: "Show name",
  hideName: "Hide name", saver: "Save data", large: "Large text", english: "中文", download: "Download original", key: "Key images",
  keyOnly: "Key images only", markKey: "Mark as key", unmarkKey: "Unmark key", help: "How to", compare: "Compare an exam", noCompare: "Stop comparing",
  "layout.1x1": "One", "layout.1x2": "Side by side", "layout.2x1": "One above other", "layout.2x2": "Four", "layout.2x3": "Six", "layout.3x3": "Nine",
  pane: "Image pane {count}", paneOf: "{series}, image {index} of {total}", position: "{index} of {total}", series: "Series {number}", seriesList: "Series",
  images: "{count} images", objects: "{count} files", empty: "Choose a series to put it here",
  window: "W {width}  L {center}", windowAuto: "W/L automatic", zoom: "{zoom}×", light: "Data-saving quality",
  thickness: "Thickness {value} mm", place3: "At {value} mm",
  "preset.file": "As sent", "preset.soft": "Mediastinum", "preset.lung": "Lung", "preset.bone": "Bone", "preset.brain": "Brain",
  "preset.abdomen": "Abdomen", "preset.liver": "Liver", "preset.vessel": "Vessels", "preset.softer": "Softer", "preset.harder": "Harder",
  "unit.pixels": "px", "unit.pixels2": "px²", mean: "mean {value}", deviation: "SD {value}", range: "{low} to {high}",
  detector: "on the detector, magnification not corrected", calibrated: "calibrated by the device", noSpacing: "pixel size not given", noValue: "values need full quality",
  heart: "heart {value}", chest: "chest {value}",
  notViewable: "This kind of object cannot be shown here yet; the original file can be downloaded.", missing: "This exam was not found.",
  missingNext: "It may have been moved, or is not among those you may see.",
  offline: "The network is slow, trying again. What you have seen stays available.", offlineEnd: "The network is slow; it could not be read.", retry: "Try again",
  failed: "Something went wrong; it is on record ({number}). Please try again later.", signedOut: "Your sign-in has ended",
  signedOutNext: "Go back to the exam, sign in again and open the images.", ended: "This share has expired or was stopped.",
  endedNext: "Ask whoever shared it with you for a new one.", forbidden: "Your role may not see images",
  forbiddenNext: "Ask the hospital's administrator, or sign in as somebody else.", noStudy: "No exam was named.", noStudyNext: "Open the images from the page of an exam.", home: "To the start",
  noImages: "This exam has no images yet.", noImagesNext: "They will appear here once they have arrived.",
  pdf: "Document", openPdf: "Open the document (PDF)", "pdf.next": "This is a document; it opens in a new window.", report: "Structured report", ecg: "ECG", ecgScale: "{speed} mm/s  {gain} mm/mV",
  ecgChannels: "{count} leads · {seconds} s · {rate} samples a second",
  saverOn: "Saving data: the server draws images at the size of the screen, sharper ones as you zoom in.", noWasm: "This device cannot show full quality; the server draws the images.",
  compareList: "Choose an exam to compare", noOthers: "There is no other exam with images.", thisExam: "This", otherExam: "Other",
  "more.size": "Size and place", "more.look": "Direction and look", "more.marked": "Marks", "more.page": "This page",
  "help.what": "To do", "help.touch": "Fingers and buttons", "help.mouse": "Mouse and buttons", "help.keys": "Keys",
  "help.marks": "Measuring: choose a tool and draw; dots can be dragged, or moved by arrow keys when focused, Delete removes. Measurements are kept for this visit only.",
  "help.legal": "Measurements and images are for reference only, not for diagnosis.",
  left: "Left", right: "Right", up: "Up", down: "Down", brighter: "Brighter", darker: "Darker", stronger: "Stronger", weaker: "Weaker",
  noDownload: "The original may not be downloaded by this share.",
  notes: "Doctor's notes", notesNext: "They are shown with their images, and can be hidden under More.", notesTitle: "These are a doctor's notes on images",
  complete: "complete", partial: "partial", verified: "verified", unverified: "unverified",
};

const WORDS = english ? EN : ZH;

/** A sentence by name; {holes} filled from `values`. */
export function say(name: string, values: Record<string, unknown> = {}): string {
  return (WORDS[name] ?? name).replace(/\{(\w+)\}/g, (_, hole: string) => String(values[hole] ?? ""));
}

const MODALITIES: Record<string, [string, string]> = {
  CT: ["CT", "CT"], MR: ["磁共振", "MRI"], US: ["超声", "Ultrasound"], DX: ["X线", "X-ray"], CR: ["X线", "X-ray"], RF: ["透视", "Fluoroscopy"],
  XA: ["血管造影", "Angiography"], MG: ["乳腺X线", "Mammography"], PT: ["PET", "PET"], NM: ["核医学", "Nuclear medicine"], ES: ["内镜", "Endoscopy"],
  SM: ["病理", "Pathology"], ECG: ["心电图", "ECG"], SR: ["报告", "Report"], KO: ["关键影像", "Key images"], PR: ["医生标注", "Notes"],
  SEG: ["分割", "Segmentation"], DOC: ["文档", "Document"], OT: ["其他", "Other"], XC: ["照片", "Photo"], RTDOSE: ["剂量", "Dose"],
};

export const modalityWord = (code: string): string => MODALITIES[code]?.[english ? 1 : 0] ?? code;
