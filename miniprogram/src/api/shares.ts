// My shares: what, for whom, until when, and who came.
import { call } from "./client";

export interface Share {
  id: string;
  state: "active" | "early" | "revoked" | "expired" | "locked" | "used";
  qr: string;
  created_at: string;
  expires_at: string;
  exams: string[];
  masked: boolean;
  passcode: boolean;
  face_to_face: boolean;
  allow_download: boolean;
  opens: number;
  max_opens: number | null;
  url?: string | null;
  passcode_digits?: string | null;
}

export interface Wanted {
  exams: string[];
  expires_in: number;
  mask: boolean;
  passcode: true | null;
  allow_download: boolean;
  confirm_sensitive?: boolean;
}

export interface Visit {
  at: string;
  what: string;
  said: { hospital: string; name: string } | null;
  place: { kind: string; network: string; city: string | null } | null;
  device: string | null;
  exams: { id: string; times: number; downloaded_at: string | null }[];
}

/** Make a share; the digits of its passcode are told this once. */
export function share(wanted: Wanted): Promise<Share> {
  return call("POST", "/api/v1/shares", wanted);
}

/** All of mine, newest first. */
export function shares(cursor = ""): Promise<{ items: Share[]; next: string | null }> {
  return call("GET", `/api/v1/shares?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
}

/** One of mine. */
export function one(id: string): Promise<Share> {
  return call("GET", `/api/v1/shares/${encodeURIComponent(id)}`);
}

/** From the next request on nobody sees anything by it. */
export function stop(id: string): Promise<null> {
  return call("DELETE", `/api/v1/shares/${encodeURIComponent(id)}`);
}

/** Who came. */
export function visits(id: string): Promise<{ items: Visit[]; next: string | null }> {
  return call("GET", `/api/v1/shares/${encodeURIComponent(id)}/visits?limit=50`);
}

/** Eight digits to type on a computer, once, for ten minutes. */
export function pickup(id: string): Promise<{ code: string; expires_at: string }> {
  return call("POST", `/api/v1/shares/${encodeURIComponent(id)}/pickup`, {});
}
