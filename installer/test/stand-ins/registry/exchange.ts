import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { breakConnection, type Fault, strikesAfter } from "./faults.ts";
import type { AccessEntry } from "./access-log.ts";
import type { TestRegistryOptions } from "./options.ts";
import type { TestStore } from "./store.ts";
import type { Gate } from "./token-issuer.ts";

export interface RouteContext {
  readonly options: TestRegistryOptions;
  readonly store: TestStore;
  readonly gate: Gate;
  readonly uploads: Map<string, Upload>;
  origin: string;
}

export interface Upload {
  readonly repository: string;
  chunks: Buffer[];
  size: number;
  /** A request broke off in it. */
  torn?: boolean;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: AccessEntry;
  readonly fault: Fault | undefined;
}

export const wrongDigest = `sha256:${"0".repeat(64)}`;

/** Answers with an error as the specification has it. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message = code.toLowerCase(),
): ServerResponse {
  response.writeHead(status, { "content-type": "application/json" });
  return response.end(response.req.method === "HEAD" ? undefined : JSON.stringify({ errors: [{ code, message }] }));
}

/** Reads the body, counting, until it ends or the fault strikes; then never comes back. */
export async function receive({ request, entry, fault }: Exchange, take?: (chunk: Buffer) => void): Promise<Buffer> {
  const strike = strikesAfter(fault, Number(request.headers["content-length"] ?? 0));
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    entry.received += chunk.length;
    if (strike !== undefined && entry.received >= strike) await strikeRequest(request, fault);
    if (fault?.kind === "slow") await delay((chunk.length / fault.bytesPerSecond) * 1000);
    if (take === undefined) chunks.push(chunk);
    else take(chunk);
  }
  return Buffer.concat(chunks);
}

async function strikeRequest(request: IncomingMessage, fault: Fault | undefined): Promise<void> {
  if (fault?.kind === "stall") await new Promise((resolve) => request.socket.once("close", resolve));
  else breakConnection(request);
  throw new Error("the fault struck");
}

/** Whether so many more bytes are more than the project may have. */
export function over(context: RouteContext, repository: string, more: number): boolean {
  const project = repository.split("/")[0] ?? "";
  const quota = context.options.quotas?.[project];
  return quota !== undefined && context.store.projectBytes(project) + more > quota;
}

/** Ends a change; what is lost is only the word that it was done. */
export function finish(
  { request, response, fault }: Exchange,
  status: number,
  headers: Record<string, string>,
): unknown {
  if (fault?.kind === "lost-answer") return request.socket.resetAndDestroy();
  const wrong = fault?.kind === "wrong-digest" ? { "docker-content-digest": wrongDigest } : {};
  return response.writeHead(status, { "content-length": "0", ...headers, ...wrong }).end();
}
