// The pages themselves, without anybody's data: kept beside the copies, so that there is something to show them in.
declare const FILES: string[]; // every script and style sheet of this build; written in front of this by config/worker.js
declare const BUILD: string;

const SHELL = `${OURS}shell-${BUILD}`;
const PAGE = "/";

/** Keep the pages of this build, once, for as long as there are copies; they are as much as a picture. */
async function keepShell(): Promise<void> {
  if (await keptPage()) {
    return;
  }
  await inTurn(async () => {
    if (await ownerOfCopies()) {
      await (await caches.open(SHELL)).addAll([...FILES, PAGE]);
    }
  });
}

/** The page as it was kept. */
async function keptPage(): Promise<Response | undefined> {
  return caches.match(PAGE, { cacheName: SHELL, ignoreVary: true });
}

/** A file whose name says what is in it: the kept one is the right one. */
async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: SHELL, ignoreVary: true })) || fetch(request);
}

/** Builds before this one are not needed any more. */
async function dropOldShells(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(`${OURS}shell-`) && name !== SHELL);
  await Promise.all(old.map((name) => caches.delete(name)));
}
