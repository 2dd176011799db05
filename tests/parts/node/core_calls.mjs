// What OHIF and Cornerstone ask for, asked by their own client. Prints one JSON object: call -> what came back.
// Usage: node core_calls.mjs FOLDER-WITH-NODE_MODULES BASE-URL TOKEN STUDY SERIES INSTANCE FILE...

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { XMLHttpRequest } from './xmlhttprequest.mjs';

globalThis.XMLHttpRequest = XMLHttpRequest;
globalThis.console = new console.Console(process.stderr); // the client talks; standard output is for our one object
const [modules, url, token, studyInstanceUID, seriesInstanceUID, sopInstanceUID, ...files] = process.argv.slice(2);
const { api } = createRequire(`${modules}/`)('dicomweb-client');

const client = new api.DICOMwebClient({ url, headers: { Authorization: `Bearer ${token}` }, verbose: false });
const single = new api.DICOMwebClient({ url, headers: { Authorization: `Bearer ${token}` }, verbose: false, singlepart: true });
const study = { studyInstanceUID };
const series = { ...study, seriesInstanceUID };
const instance = { ...series, sopInstanceUID };
const frames = { ...instance, frameNumbers: [1] };
const native = [{ mediaType: 'application/octet-stream', transferSyntaxUID: '1.2.840.10008.1.2.1' }];
const png = [{ mediaType: 'image/png' }];

const stored = await client.storeInstances({ datasets: await Promise.all(files.map(bufferOf)) });
const metadata = await client.retrieveInstanceMetadata(instance);
const bulk = { BulkDataURI: metadata[0]['7FE00010'].BulkDataURI };
const calls = {
  studies: () => client.searchForStudies({ queryParams: { StudyInstanceUID: studyInstanceUID, includefield: 'all' } }),
  no_study: () => client.searchForStudies({ queryParams: { StudyInstanceUID: '1.2.3.4.5' } }),
  series: () => client.searchForSeries(study),
  instances: () => client.searchForInstances(series),
  study_metadata: () => client.retrieveStudyMetadata(study),
  series_metadata: () => client.retrieveSeriesMetadata(series),
  instance_metadata: () => metadata,
  instance: () => client.retrieveInstance(instance),
  series_files: () => client.retrieveSeries(series),
  study_files: () => client.retrieveStudy(study),
  frames: () => client.retrieveInstanceFrames(frames),
  frames_native: () => client.retrieveInstanceFrames({ ...frames, mediaTypes: native }),
  frames_one_by_one: () => single.retrieveInstanceFrames(frames),
  bulk_data: () => client.retrieveBulkData(bulk),
  bulk_data_single: () => single.retrieveBulkData({ ...bulk, headers: { Accept: 'application/octet-stream' } }),
  rendered: () => client.retrieveInstanceRendered(instance),
  rendered_small: () => client.retrieveInstanceRendered({ ...instance, mediaTypes: png, queryParams: { viewport: '64,64' } }),
  rendered_frame: () => client.retrieveInstanceFramesRendered({ ...frames, mediaTypes: png, queryParams: { window: '40,400,linear' } }),
  thumbnail: () => client.retrieveInstanceThumbnail(instance),
  frame_thumbnail: () => client.retrieveInstanceFramesThumbnail(frames),
  wado_uri: () => fetch(client.buildInstanceWadoURIUrl(instance), { headers: client.headers }).then(answer => answer.arrayBuffer()),
  unknown: () => client.retrieveInstanceMetadata({ ...instance, sopInstanceUID: '1.2.3.4.5' }),
};

const answers = { stored: told(stored) };
for (const [name, call] of Object.entries(calls)) {
  answers[name] = await Promise.resolve().then(call).then(told, error => ({ error: error.status ?? String(error) }));
}
process.stdout.write(JSON.stringify(answers));

async function bufferOf(file) {
  const bytes = await readFile(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

// Bytes as their length, hash and, where the client knows it, transfer syntax; everything else as it is.
function told(answer) {
  if (Array.isArray(answer) && answer.some(isBytes)) return answer.map(told);
  if (!isBytes(answer)) return typeof answer === 'string' ? JSON.parse(answer) : answer;
  const bytes = new Uint8Array(answer);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { length: bytes.length, sha256, begins: Buffer.from(bytes.slice(0, 4)).toString('latin1'), syntax: answer.transferSyntaxUID };
}

function isBytes(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}
