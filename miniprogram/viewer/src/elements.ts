// Making pieces of the page.

type Child = Node | string | null | undefined;

/** An element: element("button.tool", {type: "button", onclick}, "text", child). */
export function element<K extends keyof HTMLElementTagNameMap>(
  kind: K | `${K}.${string}`,
  properties: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag as K);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, given] of Object.entries(properties)) {
    if (name in made && !name.startsWith("aria")) (made as unknown as Record<string, unknown>)[name] = given;
    else made.setAttribute(name, String(given));
  }
  made.append(...children.filter((child): child is Node | string => child !== null && child !== undefined));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, given] of Object.entries(attributes)) made.setAttribute(name, String(given));
  made.append(...children);
  return made;
}

// Strokes of 24 x 24 icons, made for this page.
const ICONS: Record<string, string> = {
  back: "M15 5l-7 7 7 7",
  scroll: "M12 3v18M8 7l4-4 4 4M8 17l4 4 4-4",
  tone: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  zoom: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.5 15.5l5 5M7.5 10.5h6M10.5 7.5v6",
  pan: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  measure: "M3 16l13-13 5 5-13 13zM8 11l2 2M11 8l2 2M14 5l2 2",
  presets: "M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M14 4v4M6 10v4M12 16v4",
  play: "M7 4l13 8-13 8z",
  pause: "M8 4v16M16 4v16",
  layout: "M3 4h18v16H3zM12 4v16M3 12h18",
  "1x1": "M3 4h18v16H3z",
  "1x2": "M3 4h18v16H3zM12 4v16",
  "2x1": "M3 4h18v16H3zM3 12h18",
  "2x2": "M3 4h18v16H3zM12 4v16M3 12h18",
  "2x3": "M3 4h18v16H3zM9 4v16M15 4v16M3 12h18",
  "3x3": "M3 4h18v16H3zM9 4v16M15 4v16M3 9.3h18M3 14.7h18",
  volume: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12L4 7.5M12 12v9",
  fit: "M3 8V4h4M17 4h4v4M21 16v4h-4M7 20H3v-4M8 9h8v6H8z",
  language: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M3 12h18M12 3c-5 5-5 13 0 18M12 3c5 5 5 13 0 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M5 5l14 14M19 5L5 19",
  previous: "M6 15l6-6 6 6",
  next: "M6 9l6 6 6-6",
  eye: "M2 12c5-8 15-8 20 0c-5 8-15 8-20 0M12 9a3 3 0 1 0 0 6a3 3 0 0 0 0-6",
  hidden: "M2 12c5-8 15-8 20 0c-5 8-15 8-20 0M4 20L20 4",
  star: "M12 3l2.8 5.8 6.2.8-4.6 4.4 1.2 6.3-5.6-3.1-5.6 3.1 1.2-6.3L3 9.6l6.2-.8z",
  length: "M4 20L20 4M2.5 17l4 4M17.5 3l4 4",
  angle: "M20 19H4L15 4M10 19a7 7 0 0 0-2.2-5",
  cobb: "M3 8l16-4M5 20l16-4M8 7l2 6M10 13l1 5",
  ellipse: "M12 5c5 0 9 3 9 7s-4 7-9 7-9-3-9-7 4-7 9-7z",
  freehand: "M5 14c-3-6 3-11 8-9s9 4 7 9-5 3-8 5-5 1-7-5z",
  probe: "M12 4v5M12 15v5M4 12h5M15 12h5M12 12h.01",
  ratio: "M3 12h18M8 8h8M3 9v6M21 9v6M8 6v4M16 6v4",
  invert: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 3v18M12 7h4M12 11h7M12 15h6",
  rotate: "M20 12a8 8 0 1 1-3-6M20 3v5h-5",
  mirror: "M12 3v18M9 7l-6 10h6zM15 7l6 10h-6z",
  flip: "M3 12h18M7 9L17 3v6zM7 15l10 6v-6z",
  reset: "M4 5v5h5M4.5 10a8 8 0 1 1-.5 5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  sync: "M4 9a8 8 0 0 1 14-3l2 2M20 4v4h-4M20 15a8 8 0 0 1-14 3l-2-2M4 20v-4h4",
  lines: "M3 6h18M3 12h18M3 18h18",
  sharpen: "M12 4l8 16H4z",
  smooth: "M12 4c6 8 7 10 7 12a7 5 0 0 1-14 0c0-2 1-4 7-12z",
  notes: "M4 5h16v11h-8l-4 4v-4H4zM8 9h8M8 12h5",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  saver: "M12 21C5 17 4 11 6 5c6 0 12 3 12 9 0 3-2 6-6 7zM12 21c0-5-1-8-3-11",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18h.01",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  compare: "M3 4h8v16H3zM13 4h8v16h-8z",
  large: "M3 19l5-13 5 13M5 14h6M15 19l3-8 3 8M16 16h4",
  actual: "M6 6v12M18 6v12M12 9v.01M12 15v.01",
  done: "M5 12l5 5L19 7",
};

/** One of the drawings above, hidden from screen readers: a word stands beside it or names its button. */
export function icon(name: string): SVGSVGElement {
  return drawn("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, drawn("path", { d: ICONS[name] ?? "" }));
}
