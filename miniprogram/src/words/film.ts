// What the film says.
import { page } from ".";

const zh = {
  notForDiagnosis: "仅供浏览参考，不作诊断依据",
  filmTitle: "胶片",
  pageOf: (n: number, count: number) => `第 ${n} 页，共 ${count} 页`,
  previousPage: "上一页",
  nextPage: "下一页",
  zoomIn: "放大",
  zoomOut: "缩小",
  zoomReset: "整页",
  filmHint: "双击一格，打开那幅影像",
  openImage: (index: number, count: number) => `打开第 ${index} 格（共 ${count} 格）的影像`,
  filmAlt: (n: number) => `胶片第 ${n} 页`,
  noFilm: "这项检查还没有胶片。有影像的检查，胶片做好后会出现在这里。",
  cells: "逐格看",
};

const en: typeof zh = {
  notForDiagnosis: "For viewing only, not for diagnosis",
  filmTitle: "Film",
  pageOf: (n, count) => `Page ${n} of ${count}`,
  previousPage: "Previous page",
  nextPage: "Next page",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  zoomReset: "Whole page",
  filmHint: "Double tap a cell to open its image",
  openImage: (index, count) => `Open the image of cell ${index} of ${count}`,
  filmAlt: (n) => `Page ${n} of the film`,
  noFilm: "This exam has no film yet. Where there are images, it appears here once it is made.",
  cells: "By cell",
};

export const filmWords = page(zh, en);
