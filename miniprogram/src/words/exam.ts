// What one exam's page says.
import { page } from ".";
import { plural } from "./plural";

const zh = {
  examTitle: "检查",
  report: "报告",
  film: "胶片",
  images: "影像",
  reportPages: "1 份",
  reportPreliminary: "临时报告",
  reportCorrected: "已更正",
  reportWithdrawn: "已撤回",
  notYet: "还没有",
  none: "没有",
  filmPages: (count: number) => `${count} 页`,
  imageCount: (count: number) => `${count} 幅`,
  imagesNeedNetwork: "要连上网络才能看",
  newer: "较新一次",
  older: "较早一次",
  place: (index: number, count: number) => `第 ${index} 次，共 ${count} 次`,
  share: "分享给医生或家人",
  shareLater: "正式报告出来后，可以分享给医生或家人。",
  shareCorrected: "报告更正后，可以分享给医生或家人。",
  download: "下载",
  whoLooked: "谁看过",
  feedback: "反馈问题",
};

const en: typeof zh = {
  examTitle: "Exam",
  report: "Report",
  film: "Film",
  images: "Images",
  reportPages: "1 document",
  reportPreliminary: "Preliminary",
  reportCorrected: "Corrected",
  reportWithdrawn: "Withdrawn",
  notYet: "Not yet",
  none: "None",
  filmPages: (count) => plural(count, "page"),
  imageCount: (count) => plural(count, "image"),
  imagesNeedNetwork: "Needs a network",
  newer: "Newer",
  older: "Older",
  place: (index, count) => `${index} of ${count}`,
  share: "Share with a doctor or family",
  shareLater: "Once the final report is there, you can share it with a doctor or family.",
  shareCorrected: "Once the report is corrected, you can share it with a doctor or family.",
  download: "Download",
  whoLooked: "Who looked",
  feedback: "Report a problem",
};

export const examWords = page(zh, en);
