// What stands on an exam wherever it is shown: its kind, how far it has come, and 出报告后通知我.
import { page } from ".";

const zh = {
  categories: {
    radiology: "放射",
    ultrasound: "超声",
    endoscopy: "内镜",
    pathology: "病理",
    ecg: "心电",
    lab: "检验",
  },
  stateShort: {
    registered: "待检查",
    examined: "等报告",
    in_review: "审核中",
    reported: "报告已出",
    withdrawn: "报告已撤回",
    preliminary: "临时报告",
  },
  notify: "出报告后通知我",
  notified: "好的，报告出来后会通知您。",
  notifyBySms: "报告出来后，会发短信到您的手机。",
  notifyOff: "您关闭了这家医院的通知，报告出来后不会有消息。",
  notifyOn: "去打开通知",
  notifyRefused: "没有打开通知。报告出来后，仍会发短信到您的手机。",
};

const en: typeof zh = {
  categories: {
    radiology: "Radi\u00adology",
    ultrasound: "Ultra\u00adsound",
    endoscopy: "Endo\u00adscopy",
    pathology: "Pathology",
    ecg: "ECG",
    lab: "Labora\u00adtory",
  },
  stateShort: {
    registered: "Planned",
    examined: "Being read",
    in_review: "In review",
    reported: "Report ready",
    withdrawn: "Withdrawn",
    preliminary: "Preliminary",
  },
  notify: "Tell me when it is ready",
  notified: "We will tell you when the report is ready.",
  notifyBySms: "You will get a text message when the report is ready.",
  notifyOff: "You turned off this hospital's messages: none will come when the report is ready.",
  notifyOn: "Turn them on",
  notifyRefused: "Not switched on. You will still get a text message when the report is ready.",
};

export const cardWords = page(zh, en);
