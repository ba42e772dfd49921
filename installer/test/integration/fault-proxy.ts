// Runs in a container: takes HTTPS for another server and goes wrong as it is told, in ways that networks and servers do.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";

/** How a request ends that should have gone through. */
export type FaultKind = "reset" | "unavailable" | "stall" | "truncate";

export interface Fault {
  readonly kind: FaultKind;
  readonly method: string;
  /** Regular expression of the path. */
  readonly path: string;
  /** How many requests it strikes. */
  readonly times: number;
}

const [upstream = "", port = "", folder = ""] = process.argv.slice(2);
const target = new URL(upstream);
const tls = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) };
const ca = readFileSync(`${folder}/ca.pem`);

let faults: (Fault & { left: number })[] = [];
const struck: string[] = [];

function faultFor({ method, url = "" }: IncomingMessage): Fault | undefined {
  const found = faults.find((one) => one.left > 0 && one.method === method && new RegExp(one.path).test(url));
  if (found !== undefined) {
    found.left -= 1;
    struck.push(`${found.kind} ${found.method} ${url}`);
  }
  return found;
}

/** `/faults` is ours: a list replaces the faults, and what was struck since is the answer. */
async function control(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  let body = "";
  for await (const part of incoming) body += String(part);
  if (body !== "") faults = (JSON.parse(body) as Fault[]).map((fault) => ({ ...fault, left: fault.times }));
  outgoing.end(JSON.stringify(struck.splice(0)));
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, cutShort: boolean): void {
  const { method, url, headers } = incoming;
  const way = { host: target.hostname, port: target.port, method, path: url, headers, ca, servername: target.hostname };
  const onward = request(way, (answer) => {
    const total = Number(answer.headers["content-length"] ?? 0);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (!cutShort || total < 2) {
      answer.pipe(outgoing);
      return;
    }
    let left = Math.floor(total / 2);
    answer.on("data", (chunk: Buffer) => {
      outgoing.write(chunk.subarray(0, left), () => {
        if (left <= 0) outgoing.destroy();
      });
      left -= chunk.length;
    });
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

createServer(tls, (incoming, outgoing) => {
  if (incoming.url === "/faults") {
    void control(incoming, outgoing);
    return;
  }
  const fault = faultFor(incoming);
  switch (fault?.kind) {
    case undefined:
    case "truncate":
      forward(incoming, outgoing, fault !== undefined);
      return;
    case "unavailable":
      incoming.resume();
      outgoing.writeHead(503).end("busy");
      return;
    case "reset":
      incoming.once("data", () => incoming.socket.destroy());
      incoming.once("end", () => incoming.socket.destroy());
      return;
    case "stall":
      // Neither read nor answered: the other side has to give up by itself.
      return;
  }
}).listen(Number(port));
