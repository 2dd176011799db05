// Makes sw.js of a built H5 folder: `node worker.js FOLDER`. In front of it stand the names of this build's scripts and style sheets.
const { execFileSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const folder = path.resolve(process.argv[2]);
const made = path.join(folder, "sw.js");
const filesOf = (kind) => fs.readdirSync(path.join(folder, kind)).filter((name) => name.endsWith(`.${kind}`));
const names = ["js", "css"].flatMap((kind) => filesOf(kind).map((name) => `/phone/${kind}/${name}`)).sort();
const build = crypto.createHash("sha256").update(names.join()).digest("hex").slice(0, 16);

const compiler = require.resolve("typescript/bin/tsc");
execFileSync(process.execPath, [compiler, "-p", path.resolve(__dirname, "../worker"), "--outFile", made], { stdio: "inherit" });
const known = `const BUILD = ${JSON.stringify(build)};\nconst FILES = ${JSON.stringify(names)};\n`;
fs.writeFileSync(made, known + fs.readFileSync(made, "utf8"));
