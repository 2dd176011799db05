// The page begins: reads its address, asks for the first picture at once, then for all that is known of the study.

import { readAddress } from "./address";
import { elder, english } from "./settings";
import { Viewer } from "./viewer";

document.documentElement.lang = english ? "en" : "zh-CN";
document.documentElement.classList.toggle("elder", elder());

const viewer = new Viewer(document.getElementById("viewer") as HTMLElement);
void viewer.start(readAddress(location.hash));
addEventListener("hashchange", () => location.reload());
