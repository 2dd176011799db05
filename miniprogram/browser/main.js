// Which view stands: the list (#/), one study (#/study/UID), or how to sign in.

import { token } from "./dicomweb.js";
import { element, notice } from "./elements.js";
import { studyList } from "./list.js";
import { StudyView } from "./viewer.js";
import { english, say } from "./words.js";

const list = document.getElementById("list");
const viewer = document.getElementById("viewer");
const LIGHT = "#F4F7F7";
const DARK = "#0E1113";

let studies = null;
let open = null;
let listPlace = 0;

function route() {
  const [, view, study, series] = location.hash.split("/");
  if (view === "study" && study) return showStudy(study, series);
  if (view === "used") return showUsed();
  showList();
}

function showStudy(study, series) {
  if (open?.study === study) return open.select(series);
  if (!list.hidden) listPlace = scrollY;
  stand(viewer, DARK);
  open = new StudyView(viewer, study, series, fail);
}

function showList() {
  leaveStudy();
  stand(list, LIGHT);
  if (!studies) {
    studies = studyList(list, fail);
    studies.load();
  }
  scrollTo(0, listPlace);
}

/** A used link says so, unless somebody is signed in already. */
function showUsed() {
  leaveStudy();
  stand(list, LIGHT);
  studies = studyList(list, () => signIn(say("used"), say("usedNext")));
  studies.load();
}

function stand(view, colour) {
  list.hidden = view !== list;
  viewer.hidden = view !== viewer;
  document.querySelector("meta[name=theme-color]").content = colour;
}

function leaveStudy() {
  open?.close();
  open = null;
}

function fail(failure) {
  if (failure.kind === "forbidden") return signIn(say("forbidden"), say("forbiddenNext"));
  const wrong = token.get() !== "";
  token.set("");
  signIn(say("signedOut"), say("signedOutNext"), wrong);
}

function signIn(title, next, wrong = false) {
  leaveStudy();
  stand(list, LIGHT);
  studies = null;
  const field = element("input.field", { type: "password", name: "token", autocomplete: "off", id: "token", required: true });
  const form = element(
    "form",
    {},
    wrong ? element("p.wrong", { role: "alert" }, say("tokenWrong")) : null,
    element("label", { for: "token" }, say("token")),
    field,
    element("button.button", {}, say("enter")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token.set(field.value.trim());
    history.replaceState(null, "", location.hash.startsWith("#/study/") ? location.hash : "#/");
    route();
  });
  list.replaceChildren(notice(title, next, form));
}

document.documentElement.lang = english ? "en" : "zh-CN";
document.documentElement.classList.toggle("large", localStorage.getItem("cloudfilm.large") === "1");
document.title = say("title");
addEventListener("hashchange", route);
route();
