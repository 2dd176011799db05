// A page that stayed open while the server got newer pages asks for files that are no longer there: it is loaded anew, once.
const KEY = "cloudfilm-renewed-at";
const REST_MS = 60_000; // a file that is missing all the same is no reason to load for ever
const MISSING = /^(ChunkLoadError|CSS_CHUNK_LOAD_FAILED)$/;

if (process.env.TARO_ENV === "h5") {
  window.addEventListener("unhandledrejection", (event) => {
    const fault = (event.reason || {}) as { name?: string; code?: string };
    if ((MISSING.test(fault.name || "") || MISSING.test(fault.code || "")) && navigator.onLine && rested()) {
      event.preventDefault(); // it is mended
      window.location.reload();
    }
  });
}

function rested(): boolean {
  try {
    const last = Number(sessionStorage.getItem(KEY)) || 0;
    sessionStorage.setItem(KEY, String(Date.now()));
    return Date.now() - last > REST_MS;
  } catch {
    return false; // a browser that keeps nothing would never know that it was here
  }
}

export {};
