// Taking files home: a plain link where the cookie signs us in, else fetched with the token and handed over.

import { get, path, token } from "./dicomweb.js";
import { text } from "./values.js";
import { say } from "./words.js";

const AS_SENT = "application/dicom; transfer-syntax=*"; // for what we cannot show, and so cannot convert
const EVERYWHERE = "application/dicom"; // Explicit VR Little Endian, which every program opens
const ALL = "application/zip";
const PDF = "application/pdf";
const ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"; // PS3.4 annex B.5

/** A sheet entry that downloads one instance. */
export function instanceDownload(study, series, item) {
  const [accept, name] = item.viewable ? [EVERYWHERE, say("download")] : [AS_SENT, say("downloadFile")];
  return download(`${path(study, series, item.instance)}?accept=${encodeURIComponent(accept)}`, `${item.instance}.dcm`, name);
}

/** An entry that opens a document of this instance; null when it holds none. */
export function documentLink(study, series, item) {
  if (text(item.row, "SOPClassUID") !== ENCAPSULATED_PDF) return null;
  const href = `${path(study, series, item.instance)}/rendered?accept=${encodeURIComponent(PDF)}`;
  return token.get() ? { name: say("openDocument"), act: () => fetched(href, "document.pdf") } : { name: say("openDocument"), href };
}

/** A sheet entry that downloads a whole study. */
export function studyDownload(study, name) {
  return download(`${path(study)}?accept=${encodeURIComponent(ALL)}`, "images.zip", name);
}

function download(url, file, name) {
  const entry = { icon: "download", name };
  return token.get() ? { ...entry, act: () => fetched(url, file) } : { ...entry, href: url, file };
}

async function fetched(url, file) {
  const answer = await get(url);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
