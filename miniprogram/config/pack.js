// Puts a .br and a .gz beside every file of a built folder that gets smaller by it: `node pack.js FOLDER`. The server sends them as they lie.
const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const PACKABLE = /\.(html|css|js|mjs|json|svg|wasm|txt)$/;
const LEAST_BYTES = 512; // below this the headers weigh more
const BETTER = 0.95;

function walk(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
    const name = path.join(folder, each.name);
    return each.isDirectory() ? walk(name) : [name];
  });
}

function pack(name) {
  const plain = fs.readFileSync(name);
  const best = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const packed = { ".br": zlib.brotliCompressSync(plain, { params: best }), ".gz": zlib.gzipSync(plain, { level: 9 }) };
  for (const [ending, bytes] of Object.entries(packed)) {
    if (bytes.length < plain.length * BETTER) {
      fs.writeFileSync(name + ending, bytes);
    }
  }
}

for (const name of walk(process.argv[2])) {
  if (PACKABLE.test(name) && fs.statSync(name).size >= LEAST_BYTES) {
    pack(name);
  }
}
