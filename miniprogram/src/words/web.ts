// What a page inside a mini-program says.
import { page } from ".";

const zh = {
  webTitle: "影像",
};

const en: typeof zh = {
  webTitle: "Images",
};

export const webWords = page(zh, en);
