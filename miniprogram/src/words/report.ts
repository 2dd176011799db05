// What a report's page says, besides the report.
import { page } from ".";

const zh = {
  reportTitle: "检查报告",
  preliminary: "这是临时报告，以正式报告为准。",
  corrected: "医院更正过这份报告，下面是最新的内容。",
  withdrawn: "医院已撤回这份报告。新的报告出来后会通知您，也可以打电话询问医院。",
  reportNone: "报告还没有出来。报告出来后我们会通知您。",
  findings: "检查所见",
  impression: "诊断意见",
  changed: "和上一版有什么不同",
  changedClose: "收起不同之处",
  added: "新增",
  removed: "删去",
  termsHint: "点文字里带虚线的词，看它是什么意思。",
  reportingDoctor: "报告医生",
  verifyingDoctor: "审核医生",
  verifiedAt: "审核时间",
  reportedAt: "报告时间",
  picture: "报告附图",
  openPdf: "打开 PDF",
  savePdf: "保存 PDF",
  readAloud: "朗读",
  stopReading: "停止朗读",
  pdfFailed: "PDF 没有打开，请再试一次。",
};

const en: typeof zh = {
  reportTitle: "Report",
  preliminary: "This is a preliminary report; the final one counts.",
  corrected: "The hospital has corrected this report. Below is the newest text.",
  withdrawn: "The hospital has withdrawn this report. You will be told when a new one is there, or ring the hospital.",
  reportNone: "The report is not there yet. We will tell you when it is.",
  findings: "Findings",
  impression: "Impression",
  changed: "What is different from the version before",
  changedClose: "Hide the differences",
  added: "added",
  removed: "removed",
  termsHint: "Tap a dotted word to see what it means.",
  reportingDoctor: "Reported by",
  verifyingDoctor: "Verified by",
  verifiedAt: "Verified",
  reportedAt: "Reported",
  picture: "Picture of the report",
  openPdf: "Open PDF",
  savePdf: "Save PDF",
  readAloud: "Read aloud",
  stopReading: "Stop reading",
  pdfFailed: "The PDF did not open. Please try again.",
};

export const reportWords = page(zh, en);
