// What writing to a hospital says.
import { page } from ".";

const zh = {
  feedbackTitle: "反馈问题",
  feedbackKind: "是什么问题",
  feedbackKinds: {
    "cannot-see": "看不了、打不开",
    "wrong-data": "信息不对",
    complaint: "投诉",
    praise: "表扬",
    other: "其他",
  },
  feedbackText: "请说说具体情况",
  feedbackHint: "例如：报告里的部位不对；影像打不开",
  feedbackContact: "联系电话（可不填）",
  feedbackSend: "提交",
  feedbackSent: "已收到，医院会处理。答复会显示在这里。",
  feedbackStates: {
    received: "已收到",
    handling: "处理中",
    answered: "已答复",
    closed: "已结束",
    withdrawn: "已撤回",
  },
  byHospital: "医院答复",
  feedbackHospital: "反馈给哪家医院",
  feedbackEmpty: "请先写下具体情况。",
};

const en: typeof zh = {
  feedbackTitle: "Feedback",
  feedbackKind: "What is it about",
  feedbackKinds: {
    "cannot-see": "Cannot see or open",
    "wrong-data": "Something is wrong",
    complaint: "Complaint",
    praise: "Praise",
    other: "Other",
  },
  feedbackText: "Please describe it",
  feedbackHint: "For example: the body part in the report is wrong",
  feedbackContact: "Phone (optional)",
  feedbackSend: "Send",
  feedbackSent: "Received. The hospital will look into it; its answer will stand here.",
  feedbackStates: {
    received: "received",
    handling: "in progress",
    answered: "answered",
    closed: "closed",
    withdrawn: "withdrawn",
  },
  byHospital: "The hospital",
  feedbackHospital: "To which hospital",
  feedbackEmpty: "Please describe it first.",
};

export const feedbackWords = page(zh, en);
