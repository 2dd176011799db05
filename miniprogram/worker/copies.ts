// Copies of what was seen: of one login alone, none older than it may be, no more than fits, and all of them gone at once.
interface Owner {
  login: string;
  until: number; // milliseconds, as Date.now()
}

interface Entry {
  at: number;
  bytes: number;
}

const OURS = "cloudfilm-";
const COPIES = `${OURS}seen`;
const OWNER = "/seen/owner"; // where among the copies stands whose they are
const KEPT_AT = "Cloudfilm-Kept-At";
const KEPT_BYTES = "Cloudfilm-Kept-Bytes";
const LONGEST_MS = 30 * 86_400_000;
const MOST_BYTES = 50 * 1024 * 1024;
const MOST_COPIES = 500;
const LARGEST_BYTES = 5 * 1024 * 1024;

let wipes = 0; // what was asked before the last one is not kept
let entries: Map<string, Entry> | null = null; // by address; read once in the life of the worker
let last: Promise<unknown> = Promise.resolve();

/** Keep an answer to that address, unless all was wiped since it was asked for. Copies of another login go first. */
function keep(address: string, answer: Response, owner: Owner, askedAfter: number): Promise<void> {
  return inTurn(async () => {
    if (askedAfter !== wipes) {
      return;
    }
    const was = await ownerOfCopies();
    if (was && was.login !== owner.login) {
      await deleteAll();
    }
    const body = await answer.arrayBuffer();
    if (body.byteLength > LARGEST_BYTES || Date.now() >= owner.until) {
      return;
    }
    const cache = await caches.open(COPIES);
    await cache.put(OWNER, new Response(JSON.stringify(owner)));
    await cache.put(address, new Response(body, { headers: headersOf(answer, body.byteLength) }));
    (await known()).set(address, { at: Date.now(), bytes: body.byteLength });
    await makeRoom();
  });
}

/** The copy of that address as it was kept; undefined where there is none any more. */
async function copyOf(address: string): Promise<Response | undefined> {
  const owner = await ownerOfCopies();
  if (owner && Date.now() >= owner.until) {
    await wipe();
    return undefined;
  }
  const copy = owner ? await caches.match(address, { cacheName: COPIES, ignoreVary: true }) : undefined;
  return copy && Date.now() - keptAt(copy) < LONGEST_MS ? copy : undefined;
}

/** The largest copy among the addresses that differ from this one behind the question mark alone. */
async function largestLike(address: string): Promise<Response | undefined> {
  const like = [...(await known())].filter(([each]) => pathOf(each) === pathOf(address));
  like.sort((one, other) => other[1].bytes - one[1].bytes);
  return like.length ? copyOf(like[0][0]) : undefined;
}

/** Whose the copies are; null when nothing is kept. */
async function ownerOfCopies(): Promise<Owner | null> {
  const found = await caches.match(OWNER, { cacheName: COPIES });
  return found ? ((await found.json()) as Owner) : null;
}

/** The paths of all copies. */
async function keptPaths(): Promise<string[]> {
  return [...(await known()).keys()].map(pathOf);
}

/** Delete what was kept at that path and below it. */
function drop(path: string): Promise<void> {
  return inTurn(async () => {
    for (const address of (await known()).keys()) {
      if (pathOf(address) === path || pathOf(address).startsWith(`${path}/`)) {
        await forget(address);
      }
    }
  });
}

/** Delete everything; what is on its way is not kept either. */
function wipe(): Promise<void> {
  wipes += 1;
  return inTurn(deleteAll);
}

async function deleteAll(): Promise<void> {
  entries = null;
  const names = (await caches.keys()).filter((name) => name.startsWith(OURS));
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** One after the other: none writes what another is deleting. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work, work);
  last = done.catch(() => undefined);
  return done;
}

async function known(): Promise<Map<string, Entry>> {
  if (!entries) {
    const read = new Map<string, Entry>();
    const cache = (await caches.has(COPIES)) ? await caches.open(COPIES) : null;
    for (const request of cache ? await cache.keys() : []) {
      const copy = await caches.match(request, { cacheName: COPIES, ignoreVary: true });
      if (copy && copy.headers.has(KEPT_AT)) {
        read.set(request.url, { at: keptAt(copy), bytes: Number(copy.headers.get(KEPT_BYTES)) });
      }
    }
    entries = entries || read;
  }
  return entries;
}

/** The oldest go first. */
async function makeRoom(): Promise<void> {
  const all = await known();
  const oldest = [...all].sort((one, other) => one[1].at - other[1].at);
  let bytes = oldest.reduce((sum, [, entry]) => sum + entry.bytes, 0);
  for (const [address, entry] of oldest) {
    const old = Date.now() - entry.at >= LONGEST_MS;
    if (!old && all.size <= MOST_COPIES && bytes <= MOST_BYTES) {
      return;
    }
    bytes -= entry.bytes;
    await forget(address);
  }
}

async function forget(address: string): Promise<void> {
  (await known()).delete(address);
  await (await caches.open(COPIES)).delete(address, { ignoreVary: true });
}

function keptAt(copy: Response): number {
  return Date.parse(copy.headers.get(KEPT_AT) || "");
}

function headersOf(answer: Response, bytes: number): Headers {
  const headers = new Headers({ [KEPT_AT]: new Date().toISOString(), [KEPT_BYTES]: String(bytes) });
  for (const name of ["Content-Type", "ETag"]) {
    const said = answer.headers.get(name);
    if (said) {
      headers.set(name, said);
    }
  }
  return headers;
}

function pathOf(address: string): string {
  return new URL(address).pathname;
}
