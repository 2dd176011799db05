// Builds the viewer into one folder: hashed names, each with .br and .gz beside it. `node build.mjs [FOLDER]`, default ./build.

import { build } from "esbuild";
import { readFile, readdir, rename as move, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2] ?? "build";
const PUBLIC = "/viewer";
const HASHED = /-([0-9A-Z]{8})\./;
const TEXT = /\.(js|css|html)$/;
const PACKED = /\.(js|css|html|svg|wasm)$/;

const common = {
  bundle: true,
  minify: true,
  target: "es2020", // WeChat's and Alipay's browsers on phones from 2020 on
  legalComments: "none",
  metafile: true,
  outdir: folder,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
};

await rm(folder, { recursive: true, force: true });
const workers = await build({
  ...common,
  entryPoints: ["src/decoder.ts", "src/cutter.ts"],
  format: "iife",
  external: ["fs", "path"], // OpenJPH asks for them only in Node
  loader: { ".wasm": "file" },
  publicPath: PUBLIC,
});
const page = await build({
  ...common,
  entryPoints: ["src/main.ts", "src/viewer.css"],
  format: "esm",
  splitting: true,
  define: { DECODER: worker("src/decoder.ts"), CUTTER: worker("src/cutter.ts") },
});
await writeFile(
  join(folder, "index.html"),
  (await readFile("src/index.html", "utf8"))
    .replace("{style}", `${PUBLIC}/${entry(page, "src/viewer.css")}`)
    .replace("{script}", `${PUBLIC}/${entry(page, "src/main.ts")}`)
    .replace("{parts}", parts(page).map((name) => `<link rel="modulepreload" href="${PUBLIC}/${name}" />`).join("\n    ")),
);
await rename();
await pack();

function worker(source) {
  return JSON.stringify(`${PUBLIC}/${entry(workers, source)}`);
}

function entry({ metafile }, source) {
  const [found] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  return basename(found);
}

/** What the script imports at once: asked for together with it, not after it. */
function parts({ metafile }) {
  const [, main] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === "src/main.ts");
  return main.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
}

/** esbuild writes hashes in base 32; the server knows a hashed name by hexadecimal digits. */
async function rename() {
  const names = await readdir(folder);
  const hashes = [...new Set(names.map((name) => HASHED.exec(name)?.[1]).filter(Boolean))];
  const renamed = (text) => hashes.reduce((all, hash) => all.replaceAll(`-${hash}.`, `-${Buffer.from(hash).toString("hex")}.`), text);
  for (const name of names) {
    if (TEXT.test(name)) await writeFile(join(folder, name), renamed(await readFile(join(folder, name), "utf8")));
    if (renamed(name) !== name) await move(join(folder, name), join(folder, renamed(name)));
  }
}

async function pack() {
  for (const name of await readdir(folder)) {
    if (!PACKED.test(name)) continue;
    const bytes = await readFile(join(folder, name));
    const hint = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes, hint));
    await writeFile(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}
