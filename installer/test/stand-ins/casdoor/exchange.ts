import type { IncomingMessage } from "node:http";
import type { WebConfig } from "./app-conf.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";

export interface ServerOptions {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly sessionSeconds: number;
  readonly webConfig: WebConfig;
  /** Public address; guessed from the request when empty. */
  readonly origin: string;
  readonly errorMask: boolean;
  readonly authState: string;
  /** An authority to trust, as Go reads it from the environment. */
  readonly caFile: string | undefined;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

/** One request with what every handler needs. */
export interface Exchange extends ServerOptions {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly session: Session;
  readonly issuer: string;
  /** Whom the record of this request is about, `owner/name`; empty for nobody. */
  readonly about: { userId: string };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

export type Envelope = Partial<Record<"status" | "msg" | "sub" | "name" | "data" | "data2" | "data3", unknown>>;

export function loginFirst(): Answer {
  return envelope({ status: "error", msg: "Please login first", data: "Please login first" });
}

/** Casdoor answers its own API with status 200 and says in the body whether it went well. */
export function envelope(fields: Envelope): Answer {
  return json(200, { status: "ok", msg: "", sub: "", name: "", data: null, data2: null, data3: null, ...fields });
}

/** What a filter answers, before any controller sees the request: fewer fields, status 200 all the same. */
export function filterError(msg: string): Answer {
  return json(200, { status: "error", msg, data: null, data2: null });
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    body: JSON.stringify(value),
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  };
}

export function html(status: number, body: string): Answer {
  return { status, body, headers: { "content-type": "text/html; charset=utf-8" } };
}
