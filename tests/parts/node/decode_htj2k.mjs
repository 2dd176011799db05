// HTJ2K codestreams as Cornerstone's own codec decodes them. Prints one JSON list: {columns, rows, components, signed, sha256}.
// Usage: node decode_htj2k.mjs FOLDER-WITH-NODE_MODULES FILE...

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const [modules, ...files] = process.argv.slice(2);
const quiet = { print() {}, printErr() {} };
const codec = await createRequire(`${modules}/`)('@cornerstonejs/codec-openjph')(quiet);

const decoded = [];
for (const file of files) {
  const bytes = await readFile(file);
  const decoder = new codec.HTJ2KDecoder();
  decoder.getEncodedBuffer(bytes.length).set(bytes);
  decoder.decode();
  const { width, height, componentCount, isSigned } = decoder.getFrameInfo();
  const sha256 = createHash('sha256').update(decoder.getDecodedBuffer()).digest('hex');
  decoded.push({ columns: width, rows: height, components: componentCount, signed: isSigned, sha256 });
  decoder.delete();
}
process.stdout.write(JSON.stringify(decoded));
