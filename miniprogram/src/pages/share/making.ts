// Making a share, with whatever its owner must agree to or confirm first.
import { useState } from "react";

import { call, Problem } from "../../api/client";
import { share as make, type Share } from "../../api/shares";
import { problemOf } from "../../parts/useAnswer";
import type { Offered } from "../settings/Texts";
import { type Draft, wanted } from "./draft";

/** `make` it; `terms` are what must be agreed to before, if there are any. */
export function useMaking(draft: Draft, onMade: (share: Share) => void, setFault: (said: string) => void) {
  const [terms, setTerms] = useState<Offered | null>(null);
  const [sensitive, setSensitive] = useState(false);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setFault("");
    setBusy(true);
    try {
      await work();
    } catch (thrown) {
      await refused(problemOf(thrown));
    }
    setBusy(false);
  };
  const create = async () => onMade(await make(sensitive ? { ...wanted(draft), confirm_sensitive: true } : wanted(draft)));
  const refused = async (problem: Problem) => {
    const kind = typeof problem.body.consent === "string" ? problem.body.consent : "";
    if (kind) {
      const { items } = await call<{ items: Offered[] }>("GET", "/api/v1/me/consents").catch(() => ({ items: [] as Offered[] }));
      setTerms(items.find((each) => each.kind === kind) || null);
      return;
    }
    setSensitive(/confirm_sensitive/.test(String(problem.body.detail || "") + problem.said));
    setFault(problem.said.replace(/（confirm_sensitive）| \(confirm_sensitive\)/, ""));
  };
  return {
    terms,
    busy,
    make: () => void attempt(create),
    refuse: () => setTerms(null),
    agree: () =>
      void attempt(async () => {
        await call("POST", "/api/v1/me/consents", { kind: terms?.kind, version: terms?.version, agree: true });
        setTerms(null);
        await create();
      }),
  };
}
