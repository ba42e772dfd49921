import type { IncomingMessage, ServerResponse } from "node:http";

/** What goes wrong. Byte counts are of the body, in the direction it flows: sent by PUT and PATCH, received by GET. */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** A registry's error by its code. */
  | { readonly kind: "error"; readonly status: number; readonly code: string; readonly message?: string }
  | { readonly kind: "too-many"; readonly retryAfter: string }
  | { readonly kind: "reset"; readonly afterBytes?: number }
  /** The connection breaks at this share of the body: 0.9. */
  | { readonly kind: "drop"; readonly at: number }
  | { readonly kind: "stall"; readonly afterBytes?: number }
  | { readonly kind: "slow"; readonly bytesPerSecond: number }
  /** One bit of the answer is turned, and the digest header says what it should have been. */
  | { readonly kind: "wrong-bytes" }
  | { readonly kind: "wrong-digest" }
  | { readonly kind: "wrong-length"; readonly by: number }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  | { readonly kind: "html" }
  /** Done as asked, but the answer gets lost. */
  | { readonly kind: "lost-answer" };

export interface FaultRule {
  readonly method?: string;
  /** Matched against path and query. */
  readonly path?: RegExp;
  /** Which of the matching requests, from 1; all unless told. */
  readonly nth?: number | readonly number[] | ((n: number) => boolean);
  readonly fault: Fault;
}

export interface ArmedFault {
  readonly rule: FaultRule;
  /** Requests that matched method and path. */
  matched: number;
  /** Those the fault happened to. */
  hits: number;
}

/** The first fault that is due for this request, if any; every rule counts the requests it matches. */
export function dueFault(faults: readonly ArmedFault[], method: string, target: string): Fault | undefined {
  let due: ArmedFault | undefined;
  for (const armed of faults) {
    const { rule } = armed;
    if (rule.method !== undefined && rule.method !== method) continue;
    if (rule.path !== undefined && !rule.path.test(target)) continue;
    armed.matched += 1;
    if (due === undefined && isDue(rule.nth, armed.matched)) due = armed;
  }
  if (due !== undefined) due.hits += 1;
  return due?.rule.fault;
}

function isDue(nth: FaultRule["nth"], n: number): boolean {
  if (nth === undefined) return true;
  if (typeof nth === "number") return n === nth;
  return typeof nth === "function" ? nth(n) : nth.includes(n);
}

/** Answers in place of the registry; false when the fault works on what the registry itself answers. */
export function answerInstead(fault: Fault, response: ServerResponse): boolean {
  switch (fault.kind) {
    case "status":
      response.writeHead(fault.status, fault.headers ?? {});
      response.end(fault.body ?? "");
      return true;
    case "error":
      response.writeHead(fault.status, {
        "content-type": "application/json",
        // A registry that asks for a login says which: RFC 9110, section 15.5.2. One that does not is a plain status.
        ...(fault.status === 401 && { "www-authenticate": 'Basic realm="test registry"' }),
      });
      response.end(JSON.stringify({ errors: [{ code: fault.code, message: fault.message ?? fault.code }] }));
      return true;
    case "too-many":
      response.writeHead(429, { "retry-after": fault.retryAfter, "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] }));
      return true;
    case "redirect":
      response.writeHead(fault.status ?? 307, { location: fault.to });
      response.end();
      return true;
    case "html":
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end("<!DOCTYPE html><html><body>Please sign in</body></html>");
      return true;
    default:
      return false;
  }
}

/** How many bytes of the body pass before the fault strikes; undefined when it does not strike on the way. */
export function strikesAfter(fault: Fault | undefined, size: number): number | undefined {
  if (fault?.kind === "reset" || fault?.kind === "stall") return fault.afterBytes ?? 0;
  return fault?.kind === "drop" ? Math.floor(size * fault.at) : undefined;
}

/** Breaks the connection as a router does that forgets it. */
export function breakConnection(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}
