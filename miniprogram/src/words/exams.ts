// What the list says.
import { page } from ".";
import { plural } from "./plural";

const zh = {
  search: "项目、部位、报告内容",
  searchName: "搜索检查",
  find: "搜索",
  filter: "筛选",
  filterOn: (count: number) => `筛选（${count}）`,
  clear: "清除条件",
  allHospitals: "全部医院",
  allCategories: "全部类别",
  hospital: "医院",
  category: "类别",
  days: "检查日期",
  from: "从",
  to: "到",
  order: "排列",
  newestFirst: "最近的在前",
  oldestFirst: "最早的在前",
  byHospital: "按医院",
  byPart: "按部位",
  found: (count: number, more: boolean) => (more ? `已显示 ${count} 项` : `共 ${count} 项检查`),
  noExams: "还没有检查记录。绑定就诊卡后，这里会显示您在本院的检查。",
  bind: "绑定就诊卡",
  nothingFound: "没有符合条件的检查。",
};

const en: typeof zh = {
  search: "Item, part or report",
  searchName: "Search exams",
  find: "Search",
  filter: "Filter",
  filterOn: (count) => `Filter (${count})`,
  clear: "Clear all",
  allHospitals: "All hospitals",
  allCategories: "All kinds",
  hospital: "Hospital",
  category: "Kind",
  days: "Day of the exam",
  from: "From",
  to: "To",
  order: "Order",
  newestFirst: "Newest first",
  oldestFirst: "Oldest first",
  byHospital: "By hospital",
  byPart: "By body part",
  found: (count, more) => (more ? `${count} shown` : plural(count, "exam")),
  noExams: "There are no exams yet. Once you bind a card of the hospital, your exams there appear here.",
  bind: "Bind a card",
  nothingFound: "No exam matches.",
};

export const examsWords = page(zh, en);
