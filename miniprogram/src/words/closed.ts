// What is said of an exam that is not shown here: its patient may open it, or has to ask the hospital.
import { page } from ".";

const zh = {
  closedShort: "未开通",
  closedTitle: "还没有开通的检查",
  closedWhy: "影像已由医院保存，点开可以开通。",
  declinedHere: "您选择了不开通数字影像服务。影像已由医院保存，您可以随时开通。",
  unasked: "这项检查还没有开通数字影像服务。影像已由医院保存，您可以随时开通。",
  openIt: "我已阅读并同意，开通",
  notNow: "暂不开通",
  noticeChanged: "告知书有更新，请看一看新的内容再开通。",
  whyNot: "可能是下面的原因：",
  whys: ["结果要由医生当面告诉您。", "胶片已经打印，按医院的规定不再提供电子版。", "医院收回了这项检查，或者它不在您的名下。"],
  askHospital: "请打电话问医院，或到服务台、诊室询问。",
};

const en: typeof zh = {
  closedShort: "Not opened",
  closedTitle: "Exams that are not opened yet",
  closedWhy: "The hospital keeps their images. Tap one to open it.",
  declinedHere: "You chose not to use the digital service. The hospital keeps the images; you may open the service at any time.",
  unasked: "The digital service of this exam is not open yet. The hospital keeps the images; you may open the service at any time.",
  openIt: "I have read this and agree: open it",
  notNow: "Not now",
  noticeChanged: "This text has changed. Please read the new one first.",
  whyNot: "It may be one of these:",
  whys: [
    "A doctor wants to tell you the result in person.",
    "Its film was printed, and this hospital then shows no electronic one.",
    "The hospital has taken it back, or it is not yours.",
  ],
  askHospital: "Please call the hospital, or ask at its desk.",
};

export const closedWords = page(zh, en);
