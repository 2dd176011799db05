// Making pieces of the page.

/** An element: element("button.tool", {type: "button", onclick}, "text", child) */
export function element(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, given] of Object.entries(properties)) {
    if (name in made && !name.startsWith("aria")) made[name] = given;
    else made.setAttribute(name, given);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** One of the drawings in index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A message that fills its place: what is so, what to do, perhaps a button. */
export function notice(title, next = "", ...more) {
  return element("div.notice", { role: "status" }, element("h2", {}, title), next ? element("p", {}, next) : null, ...more);
}
