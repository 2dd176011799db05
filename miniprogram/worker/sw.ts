// The browser's worker: what was seen can be read without a network, on a phone that its owner asked to remember. It always asks
// the server first, keeps an answer only where the server says whose it is (api/keeping.py), and forgets with the login.
const worker = self as unknown as ServiceWorkerGlobalScope;

const KEEP = "Cloudfilm-Keep";
const PATIENCE_MS = 8000; // then what was seen before is better than nothing
const HOSPITALS = "/api/v1/hospitals";
const LIST = "/api/v1/exams";
const AN_EXAM = /^\/api\/v1\/exams\/[^/]+/;
// The list, an exam, its report with what its words mean, its film: nothing else is ever kept.
const KEPT = /^\/api\/v1\/(hospitals|exams(\/[^/]+(\/(report(\/terms|\/picture)?|films(\/\d+(\.jpg)?)?))?)?)\/?$/;
const A_FILM_PICTURE = /\/films\/\d+\.jpg$/;
const COMING_AND_GOING = /^\/(api\/v1\/login\/|enter\/|demo\/enter\/|login\/)/;
const GOING = /^\/api\/v1\/(session|me)\/?$/;
const NOT_THERE = [403, 404, 410];
const SERVER_AWAY = [502, 503, 504];

// A newer worker brings its pages before it takes over, so that copies are never without pages to show them in.
worker.addEventListener("install", (event) => event.waitUntil(keepShell().catch(() => undefined).then(() => worker.skipWaiting())));
worker.addEventListener("activate", (event) => event.waitUntil(Promise.all([worker.clients.claim(), dropOldShells()])));
worker.addEventListener("message", (event) => {
  if (event.data === "wipe") {
    event.waitUntil(wipe().then(() => event.ports.forEach((port) => port.postMessage("wiped"))));
  }
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== worker.location.origin) {
    return;
  }
  if (changesWhoIsHere(request, url)) {
    event.waitUntil(wipe());
  } else if (request.method !== "GET" || request.headers.has("Authorization")) {
    return;
  } else if (request.mode === "navigate") {
    openPage(event, url);
  } else if (url.pathname.startsWith("/phone/")) {
    event.respondWith(file(request));
  } else if (KEPT.test(url.pathname)) {
    event.respondWith(answered(event, url));
  }
});

/** Somebody signs in or out, here or by a link or a form of another page. */
function changesWhoIsHere(request: Request, url: URL): boolean {
  return (
    (request.mode === "navigate" && request.method !== "GET") ||
    (request.method === "DELETE" && GOING.test(url.pathname)) ||
    (COMING_AND_GOING.test(url.pathname) && (request.mode === "navigate" || request.method !== "GET"))
  );
}

function openPage(event: FetchEvent, url: URL): void {
  if (url.pathname === PAGE) {
    event.respondWith(pageOrCopy(event.request));
  } else if (url.pathname.startsWith("/viewer/")) {
    event.respondWith(fetch(event.request).catch(noImagesNow));
  }
}

async function pageOrCopy(request: Request): Promise<Response> {
  const came = fetch(request);
  const answer = await inTime(came, () => keptPage());
  return answer || came;
}

async function answered(event: FetchEvent, url: URL): Promise<Response> {
  const begun = wipes;
  const copy = await copyOf(url.href);
  const came = asked(event.request, url, copy).then((answer) => taken(event, url, answer, copy, begun));
  event.waitUntil(came.catch(() => undefined)); // one that comes late is kept all the same
  const best = await inTime(came, () => seenBefore(url, begun));
  return best || came;
}

/** The answer of the server; the copy where none came, where the server is away, or where it takes too long. */
async function inTime(came: Promise<Response>, kept: () => Promise<Response | undefined>): Promise<Response | undefined> {
  const answer = await Promise.race([came.catch(() => undefined), rest(PATIENCE_MS)]);
  return answer && !SERVER_AWAY.includes(answer.status) ? answer : kept();
}

async function seenBefore(url: URL, begun: number): Promise<Response | undefined> {
  if (begun !== wipes) {
    return undefined;
  }
  return (await copyOf(url.href)) || (A_FILM_PICTURE.test(url.pathname) ? largestLike(url.href) : undefined);
}

/** Ask the server itself, past the browser's own cache: whose it is stands in this very answer. */
function asked(request: Request, url: URL, copy: Response | undefined): Promise<Response> {
  const headers = new Headers({ [KEEP]: "1" });
  for (const name of ["Accept", "Accept-Language"]) {
    const said = request.headers.get(name);
    if (said) {
      headers.set(name, said);
    }
  }
  const tag = copy && copy.headers.get("ETag");
  if (tag) {
    headers.set("If-None-Match", tag);
  }
  return fetch(url.href, { headers, credentials: "same-origin", cache: "no-store" });
}

/** What an answer means for the copies; and the answer, which may be that the copy is still right. */
async function taken(event: FetchEvent, url: URL, answer: Response, copy: Response | undefined, begun: number): Promise<Response> {
  if (answer.status === 401) {
    await wipe();
  } else if (NOT_THERE.includes(answer.status)) {
    await drop(url.pathname.replace(/\/$/, ""));
  }
  if (answer.status !== 200 && answer.status !== 304) {
    return answer;
  }
  const owner = url.pathname.startsWith(HOSPITALS) ? await ownerOfCopies() : ownerOf(answer);
  if (!owner) {
    if (!url.pathname.startsWith(HOSPITALS) && (await ownerOfCopies())) {
      await wipe(); // somebody is signed in whom this phone shall not remember
    }
    return answer.status === 304 ? asked(event.request, url, undefined) : answer;
  }
  if (answer.status === 304 && copy) {
    const was = await ownerOfCopies();
    return was && was.login === owner.login ? asNew(copy) : asked(event.request, url, undefined);
  }
  const [copied, read] = [answer.clone(), isWholeList(url) ? answer.clone() : null]; // now: the page empties the answer itself
  const kept = keep(url.href, copied, owner, begun).then(keepShell).then(() => keepHospitals(owner, begun));
  event.waitUntil(kept.then(() => (read && begun === wipes ? forgetTakenBack(read) : undefined)).catch(() => undefined));
  return answer;
}

/** Whose an answer is and until when it may be kept: `LOGIN SECONDS`. */
function ownerOf(answer: Response): Owner | null {
  const [login, seconds] = (answer.headers.get(KEEP) || "").split(" ");
  return login && Number(seconds) ? { login, until: Number(seconds) * 1000 } : null;
}

/** Whom to ring for help: asked before anything was kept, so once more now. */
async function keepHospitals(owner: Owner, begun: number): Promise<void> {
  const address = new URL(`${HOSPITALS}?limit=100`, worker.location.href).href;
  if (!(await copyOf(address))) {
    const answer = await fetch(address);
    await (answer.ok ? keep(address, answer, owner, begun) : undefined);
  }
}

/** The list without conditions. */
function isWholeList(url: URL): boolean {
  return url.pathname.replace(/\/$/, "") === LIST && [...url.searchParams.keys()].every((name) => name === "limit");
}

/** It tells which exams are still mine; of the others nothing stays. */
async function forgetTakenBack(answer: Response): Promise<void> {
  const page = (await answer.json()) as { items: { id: string }[]; next: string | null };
  const mine = new Set(page.items.map((each) => `${LIST}/${encodeURIComponent(each.id)}`));
  const kept = new Set((await keptPaths()).map((path) => (AN_EXAM.exec(path) || [""])[0]).filter(Boolean));
  for (const path of kept) {
    if (!mine.has(path) && (page.next === null || (await isGone(path)))) {
      await drop(path);
    }
  }
}

async function isGone(path: string): Promise<boolean> {
  return NOT_THERE.includes((await fetch(path, { cache: "no-store" })).status);
}

function asNew(copy: Response): Response {
  const headers = new Headers(copy.headers);
  headers.delete(KEPT_AT);
  return new Response(copy.body, { headers });
}

function rest(ms: number): Promise<undefined> {
  return new Promise((done) => setTimeout(() => done(undefined), ms));
}

/** In place of the viewer: images are never kept. */
function noImagesNow(): Response {
  const page = `<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>云胶片</title><body style="margin:0;padding:15vh 24px;font:18px/1.6 system-ui;background:#0E1113;color:#D7DEE2">
<p>没有网络，影像要连上网络才能看。<br><span lang="en">There is no network. Images need one.</span></p>
<p><a style="color:#6FD3D6" href="/">我的检查 · <span lang="en">My exams</span></a></p>`;
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
