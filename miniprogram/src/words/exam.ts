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
  reportNotYet: "还没有",
  filmPages: (count: number) => `${count} 页`,
  filmNone: "还没有",
  imageCount: (count: number) => `${count} 幅`,
  imagesNone: "没有",
  imagesNeedNetwork: "要连上网络才能看",
  newer: "较新一次",
  older: "较早一次",
  place: (index: number, count: number) => `第 ${index} 次，共 ${count} 次`,
  share: "分享给医生或家人",
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
  reportNotYet: "Not yet",
  filmPages: (count) => plural(count, "page"),
  filmNone: "Not yet",
  imageCount: (count) => plural(count, "image"),
  imagesNone: "None",
  imagesNeedNetwork: "Needs a network",
  newer: "Newer",
  older: "Older",
  place: (index, count) => `${index} of ${count}`,
  share: "Share with a doctor or family",
  download: "Download",
  whoLooked: "Who looked",
  feedback: "Report a problem",
};

export const examWords = page(zh, en);
