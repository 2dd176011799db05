// What was seen can be read again without a network: on a phone that its owner asked to remember, the browser's worker (worker/)
// keeps it. In a mini-program, and in browsers without workers such as most web-views, none of this happens.
const WORKER = "/sw.js";
const OURS = "cloudfilm-";
const PATIENCE_MS = 3000;

/** True where a browser can keep what was seen. */
export function canKeep(): boolean {
  return process.env.TARO_ENV === "h5" && "serviceWorker" in navigator && "caches" in window;
}

/** True while this page is kept. */
export function keeps(): boolean {
  return canKeep() && navigator.serviceWorker.controller !== null;
}

/** True without a network: what was seen is there at once, what was not will not come by asking again. */
export function hasOnlyCopies(): boolean {
  return keeps() && !navigator.onLine;
}

/** After a login that shall be remembered. Comes back when the worker is at work, or cannot be. */
export async function beginKeeping(): Promise<void> {
  if (!canKeep()) {
    return;
  }
  try {
    await navigator.serviceWorker.register(WORKER, { scope: "/" });
    if (!keeps()) {
      await inTime(new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true })));
    }
  } catch {
    // a browser that does not want to keeps nothing
  }
}

/** Nobody is signed in any more: nothing stays here. */
export async function endKeeping(): Promise<void> {
  if (!canKeep()) {
    return;
  }
  try {
    const worker = navigator.serviceWorker.controller;
    if (worker) {
      await inTime(told(worker)); // it knows what is still on its way
    }
    const found = await navigator.serviceWorker.getRegistrations();
    await Promise.all(found.map((each) => each.unregister()));
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(OURS)).map((name) => caches.delete(name)));
  } catch {
    // a browser that keeps nothing has nothing to forget
  }
}

function told(worker: ServiceWorker): Promise<unknown> {
  return new Promise((done) => {
    const answers = new MessageChannel();
    answers.port1.onmessage = done;
    worker.postMessage("wipe", [answers.port2]);
  });
}

function inTime(work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
}
