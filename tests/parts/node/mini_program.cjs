// Runs a built mini-program on a small stand-in of its platform: pages, storage and requests are real, only the screen is a tree.
//
//     node mini_program.cjs FOLDER PLATFORM SERVER STEPS
//
// STEPS is JSON, one after the other: {"keep": [name, value]} in storage, {"open": page}, {"see": words}, {"tap": words}, {"type": [name of the field, words]},
// {"leave": words} that WeChat asks before going back, {"stay": true} when it asks nothing,
// {"typeCode": [name of the field, phone]}, {"code": what the platform says once of who holds the phone}. Prints as JSON the words on the last page, what stands in storage, and what was asked.
const path = require("path");

const [folder, platform, server, steps] = process.argv.slice(2);
const BUILT_IN = /^http:\/\/127\.0\.0\.1:8000/;
const PATIENCE_MS = 90000;
const LOOK_MS = 20;
const FINGER_MS = 100;
const TOUCHED = ["button", "check", "chip", "exam-card", "tile", "way"]; // classes of what a finger can touch

const storage = {};
const asked = [];
const codes = [];
const dialogues = [];
let leaving = null; // what WeChat asks before its reader may go back
let tapping = false; // the platforms ask the reader nothing but while a finger taps
const stack = [];
let app;
let declared;
let going;

const told = (options, said) => {
  options.success?.(said);
  options.complete?.(said);
};
const send = async (options) => {
  const url = options.url.replace(BUILT_IN, server);
  asked.push(`${options.method || "GET"} ${url.slice(server.length)}`);
  const headers = options.header || options.headers || {};
  const body = options.method === "GET" || options.method === undefined ? undefined : options.data;
  const answer = await fetch(url, { method: options.method, headers, body }).catch(() => null);
  if (!answer) return options.fail?.({ errMsg: "request:fail", error: 12 });
  const data = await answer.text();
  const said = { data, statusCode: answer.status, status: answer.status, header: Object.fromEntries(answer.headers), headers: {} };
  if (platform === "alipay" && answer.status >= 400) return options.fail?.({ ...said, error: 19 });
  told(options, said);
};
const navigate = (options) => {
  going = options.url;
  told(options, {});
};
const system = { windowWidth: 390, windowHeight: 844, pixelRatio: 3, platform: "ios", SDKVersion: "3.5.0", version: "10.5.0" };
const alipay = platform === "alipay";
const known = {
  getStorageSync: (asked) => (alipay ? { data: storage[asked.key] ?? null } : (storage[asked] ?? "")),
  setStorageSync: (key, data) => void (alipay ? (storage[key.key] = key.data) : (storage[key] = data)),
  removeStorageSync: (key) => void delete storage[alipay ? key.key : key],
  getSystemInfoSync: () => system,
  getWindowInfo: () => system,
  getDeviceInfo: () => system,
  getAppBaseInfo: () => ({ ...system, fontSizeScaleFactor: 1 }),
  getLaunchOptionsSync: () => ({ path: "", query: {} }),
  getEnterOptionsSync: () => ({ path: "", query: {} }),
  canIUse: () => true,
  nextTick: (next) => setTimeout(next, 0),
  setNavigationBarTitle: (options) => told(options, {}),
  setNavigationBar: (options) => told(options, {}),
  request: (options) => (void send(options), { abort() {} }),
  downloadFile: (options) => (setTimeout(() => told(options, { statusCode: 200, tempFilePath: "/picture", apFilePath: "/picture" })), { onProgressUpdate() {} }),
  login: (options) => (codes.length ? told(options, { code: codes.shift() }) : options.fail?.({ errMsg: "login:fail" })),
  getAuthCode: (options) => (codes.length ? told(options, { authCode: codes.shift() }) : options.fail?.({ error: 11 })),
  requestSubscribeMessage: (options) => {
    if (!tapping) return options.fail?.({ errMsg: "requestSubscribeMessage:fail can only be invoked by user TAP gesture." });
    const templates = alipay ? options.entityIds : options.tmplIds;
    dialogues.push(templates);
    const accepted = Object.fromEntries(templates.map((each) => [each, "accept"]));
    told(options, alipay ? { behavior: "subscribe", result: { subscribedEntityIds: templates } } : accepted);
  },
  enableAlertBeforeUnload: (options) => void (leaving = options.message),
  disableAlertBeforeUnload: () => void (leaving = null),
  pageScrollTo: (options) => told(options, {}),
  saveImageToPhotosAlbum: (options) => told(options, {}),
  navigateTo: navigate,
  redirectTo: navigate,
  reLaunch: navigate,
};

global.navigator ??= { userAgent: alipay ? "AlipayClient" : "MicroMessenger" };
Object.assign(global, {
  [alipay ? "my" : "wx"]: known,
  App: (config) => void (app = config),
  Page: (config) => void (declared = config),
  Component: (config) => void (declared = config),
  getApp: () => app,
  getCurrentPages: () => stack,
});

function open(url) {
  const [name, query] = url.replace(/^\//, "").split("?");
  require(path.join(folder, `${name}.js`));
  const page = { ...declared, ...declared.methods, route: name, is: name, data: structuredClone(declared.data || {}) };
  page.setData = (change, done) => {
    for (const [place, value] of Object.entries(change)) put(page.data, place, value);
    setTimeout(() => done?.());
  };
  page.$spliceData = page.setData;
  stack.push(page);
  page.onLoad?.(Object.fromEntries(new URLSearchParams(query)));
  page.onShow?.();
  page.onReady?.();
}

/** `root.cn.[0].v` names a place in the tree. */
function put(data, place, value) {
  const names = place.split(".").map((name) => name.replace(/^\[(\d+)\]$/, "$1"));
  const last = names.pop();
  const holder = names.reduce((at, name) => (at[name] ??= {}), data);
  holder[last] = value;
}

function* nodes(node = stack[stack.length - 1].data.root, above = []) {
  if (!node || typeof node !== "object") return;
  yield [node, above];
  for (const child of Object.values(node.cn || {})) yield* nodes(child, [...above, node]);
}

const has = (node, ...names) => names.some((name) => ` ${node.cl || ""} `.includes(` ${name} `));
const words = (node) => [...nodes(node)].map(([each]) => each.v).filter(Boolean).join("");

function find(wanted, fits) {
  for (const [node, above] of nodes()) {
    if (node.nn !== undefined && typeof node.v === "string" && node.v.includes(wanted)) {
      const found = [node, ...[...above].reverse()].find(fits);
      if (found) return found;
    }
  }
  return null;
}

async function until(look) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = look();
    if (found) return found;
    await new Promise((next) => setTimeout(next, LOOK_MS));
  }
  throw new Error(`never came; on the page stands: ${words()}; asked: ${asked.slice(-4)}`);
}

/** A finger does something, and is slower than the page. */
async function happen(node, type, detail) {
  const at = { id: node.uid || node.sid, dataset: { sid: node.sid } };
  tapping = type === "tap";
  stack[stack.length - 1].eh({ type, detail, target: at, currentTarget: at, timeStamp: Date.now() });
  tapping = false;
  await new Promise((next) => setTimeout(next, FINGER_MS));
}

const input = (name) => {
  const label = find(name, (node) => has(node, "field"));
  return label && [...nodes(label)].map(([node]) => node).find((node) => has(node, "input"));
};

async function type(name, said) {
  const field = await until(() => input(name));
  await happen(field, "input", { value: said, cursor: said.length });
}

async function newestCode(phone) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const { items } = await (await fetch(`${server}/demo/messages`, { headers: { Accept: "application/json" } })).json();
    const sent = items.find((each) => each.code && each.to.endsWith(phone));
    if (sent) return String(sent.code);
    await new Promise((next) => setTimeout(next, LOOK_MS));
  }
  throw new Error(`no code came; on the page stands: ${words()}`);
}

const DOES = {
  code: (said) => void codes.push(said),
  keep: ([name, value]) => void (storage[name] = value),
  open: (page) => open(page),
  leave: (wanted) => until(() => (leaving ?? "").includes(wanted)),
  stay: () => until(() => leaving === null),
  see: (wanted) => until(() => words().includes(wanted)),
  tap: async (wanted) => happen(await until(() => find(wanted, (node) => has(node, ...TOUCHED) && !has(node, "off"))), "tap", {}),
  type: ([name, said]) => type(name, said),
  typeCode: async ([name, phone]) => type(name, await newestCode(phone)),
  follow: async () => {
    const url = await until(() => going);
    going = undefined;
    open(url);
  },
};

async function main() {
  require(path.join(folder, "app.js"));
  app.onLaunch?.({ path: "", query: {} });
  app.onShow?.({ path: "", query: {} });
  for (const step of JSON.parse(steps)) {
    const [[name, said]] = Object.entries(step);
    await DOES[name](said);
  }
  process.stdout.write(JSON.stringify({ words: words(), storage, asked, dialogues, going: going ?? null }), () => process.exit(0));
}

main().catch((fault) => {
  process.stderr.write(String(fault.stack || fault), () => process.exit(1));
});
