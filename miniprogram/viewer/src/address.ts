// What the page was opened for: it stands behind the # of the address, which no server and no log ever sees.

export interface Address {
  study: string;
  series: string;
  instance: string;
  frame: number;
  exam: string;
  compare: string;
}

const UID = /^[0-9.]{1,64}$/;
const ID = /^[0-9A-Za-z-]{1,64}$/;

export function readAddress(hash: string): Address {
  const asked = new URLSearchParams(hash.replace(/^#\/?/, ""));
  const matching = (name: string, form: RegExp) => {
    const given = asked.get(name) ?? "";
    return form.test(given) ? given : "";
  };
  return {
    study: matching("study", UID),
    series: matching("series", UID),
    instance: matching("instance", UID),
    frame: Math.max(0, Math.floor(Number(asked.get("frame")) || 0)),
    exam: matching("exam", ID),
    compare: matching("compare", UID),
  };
}
