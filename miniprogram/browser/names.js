// A patient's name that shows itself only when asked to.

import { element, icon } from "./elements.js";
import { maskedName, personName } from "./values.js";
import { say } from "./words.js";

/** A button with the name of a study's patient, masked until tapped and masked again by the next tap. */
export function nameButton(row) {
  const name = personName(row);
  const word = element("b", {}, say("unnamed"));
  if (!name) return element("span.name", {}, word);
  const button = element("button.name", { type: "button" }, word, icon("show"));
  let open = false;
  const show = () => {
    word.textContent = open ? name : maskedName(name);
    button.setAttribute("aria-label", `${say("name")} ${word.textContent} ${say(open ? "hideName" : "showName")}`);
    button.lastChild.replaceWith(icon(open ? "hide" : "show"));
  };
  button.addEventListener("click", () => {
    open = !open;
    show();
  });
  show();
  return button;
}
