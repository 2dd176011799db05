// What the page before the viewer says.
import { page } from ".";

const zh = {
  imagesTitle: "影像",
  imagesChoose: "这次检查有几组影像，先看哪一组？",
  study: (index: number) => `第 ${index} 组影像`,
  noImages: "这项检查没有可以在线看的影像。",
};

const en: typeof zh = {
  imagesTitle: "Images",
  imagesChoose: "This exam has several sets of images. Which one first?",
  study: (index) => `Set ${index}`,
  noImages: "This exam has no images that can be seen online.",
};

export const imagesWords = page(zh, en);
