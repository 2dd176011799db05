// Small pictures that load when they come into sight, a few at a time.

import { get, path } from "./dicomweb.js";

const AT_ONCE = 4;
const NEAR = "300px";

const waiting = [];
let running = 0;

const sight = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      sight.unobserve(entry.target);
      waiting.push(entry.target);
    }
    pump();
  },
  { rootMargin: NEAR },
);

/** A square for the thumbnail of a study or series; `word` stands there until, or instead of, a picture. */
export function thumb(word, study, series) {
  const square = document.createElement("span");
  square.className = "thumb";
  square.textContent = word;
  square.ask = `${path(study, series)}/thumbnail`;
  sight.observe(square);
  return square;
}

function pump() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    load(waiting.shift()).finally(() => {
      running -= 1;
      pump();
    });
  }
}

async function load(square) {
  try {
    const answer = await get(square.ask, { accept: "image/jpeg" });
    const image = new Image();
    image.alt = "";
    image.src = URL.createObjectURL(await answer.blob());
    await image.decode();
    URL.revokeObjectURL(image.src);
    square.replaceChildren(image);
  } catch {
    square.classList.add("none"); // the word stays
  }
}
