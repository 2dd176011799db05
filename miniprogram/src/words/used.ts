// What a demo's used link says.
import { page } from ".";

const zh = {
  usedTitle: "这个链接已用过或已过期",
  usedWhy: "演示链接只能用一次，10 分钟内有效。请再运行一次 make run 取得新的链接，或用手机号登录。",
};

const en: typeof zh = {
  usedTitle: "This link was used or has expired",
  usedWhy: "A demo link works once, within 10 minutes. Run make run again for a new one, or sign in with a phone number.",
};

export const usedWords = page(zh, en);
