import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type Exchange, wrongDigest } from "./exchange.ts";
import { breakConnection, type Fault, strikesAfter } from "./faults.ts";

/** Sends bytes, or the range asked for, as the fault lets it. */
export async function deliver(
  exchange: Exchange,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
  size = bytes.length,
): Promise<void> {
  const { request, response, fault } = exchange;
  const range = rangeOf(request.headers.range, size);
  if (range === "beyond") return void response.writeHead(416).end();
  const { start, end } = range ?? { start: 0, end: size };
  const part = damaged(bytes.subarray(start, end), fault);
  const length = end - start + (fault?.kind === "wrong-length" ? fault.by : 0);
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    ...(fault?.kind === "wrong-digest" ? { "docker-content-digest": wrongDigest } : {}),
    "content-length": String(length),
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await sendBody(exchange, part, length);
}

async function sendBody({ request, response, fault }: Exchange, part: Buffer, length: number): Promise<void> {
  const strike = strikesAfter(fault, part.length);
  if (strike !== undefined && strike < part.length) {
    response.write(part.subarray(0, strike));
    if (fault?.kind === "stall") return;
    // What was written has to be on its way first.
    await delay(30);
    breakConnection(request);
    return;
  }
  if (fault?.kind === "slow") await trickle(response, part, fault.bytesPerSecond);
  else response.write(part.subarray(0, length));
  if (length === part.length) response.end();
  else request.socket.destroySoon();
}

function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "beyond" | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined) return undefined;
  if (Number(first) >= size) return "beyond";
  return { start: Number(first), end: last === undefined || last === "" ? size : Math.min(size, Number(last) + 1) };
}

function damaged(part: Buffer, fault: Fault | undefined): Buffer {
  if (fault?.kind !== "wrong-bytes" || part.length === 0) return part;
  const copy = Buffer.from(part);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}

async function trickle(response: ServerResponse, bytes: Buffer, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step));
    await delay(100);
  }
}
