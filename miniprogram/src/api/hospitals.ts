// The hospitals, with their phones; asked once.
import { call } from "./client";

export interface Hospital {
  code: string;
  name: string;
  help_phone: string | null;
}

let asked: Promise<Hospital[]> | null = null;

/** All hospitals by their code. */
export function hospitals(): Promise<Hospital[]> {
  asked =
    asked ||
    call<{ items: Hospital[] }>("GET", "/api/v1/hospitals?limit=100").then(
      (answer) => answer.items,
      (fault) => {
        asked = null;
        throw fault;
      },
    );
  return asked;
}
