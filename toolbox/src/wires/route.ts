import type { RouteWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { HttpAnswer } from "../http-request.ts";
import { excerpt, sendHttp } from "../http-request.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const routeCheck: WireCheck<RouteWire> = {
  address: (wire) => (wire.resolve === undefined ? wire.url : `${wire.url} (at ${wire.resolve})`),
  expectation: (wire) => {
    const body = wire.expectBody === undefined ? "" : " and the expected text";
    const headers = wire.expectHeader === undefined ? "" : ` and header ${Object.keys(wire.expectHeader).join(", ")}`;
    return `${wire.method ?? "GET"} answers ${statuses(wire).join(" or ")}${headers}${body}`;
  },
  prove: proveRoute,
};

function statuses(wire: RouteWire): readonly number[] {
  return typeof wire.expectStatus === "number" ? [wire.expectStatus] : wire.expectStatus;
}

async function proveRoute(wire: RouteWire, { signal, note }: WireContext): Promise<void> {
  const answer = await sendHttp({
    url: wire.url,
    method: wire.method ?? "GET",
    ...(wire.token === undefined ? {} : { headers: { authorization: `Bearer ${wire.token}` } }),
    caFile: wire.caFile,
    resolve: wire.resolve,
    signal,
    timeoutMs: 12_000,
  });
  note(`answered ${answer.status}`);
  if (!statuses(wire).includes(answer.status)) {
    throw new ToolboxError(`answered ${answer.status}, not ${statuses(wire).join(" or ")}: ${excerpt(answer.body)}`, {
      advice: statusAdvice(answer.status),
    });
  }
  if (wire.expectBody !== undefined && !answer.body.toString("utf8").includes(wire.expectBody)) {
    throw new ToolboxError(`the body does not hold the expected text: ${excerpt(answer.body)}`, {
      advice: "another service answers on this route, or an older version of it: look at the gateway's routes",
    });
  }
  for (const [name, expected] of Object.entries(wire.expectHeader ?? {})) checkHeader(answer, name, expected);
}

function checkHeader(answer: HttpAnswer, name: string, expected: string | true): void {
  const raw = answer.headers[name.toLowerCase()];
  const value = Array.isArray(raw) ? raw.join(", ") : raw;
  if (value !== undefined && (expected === true || value === expected)) return;
  throw new ToolboxError(`header ${name} is ${value === undefined ? "missing" : `"${value}"`}`, {
    advice: "look at the headers the gateway sets and passes for this route",
  });
}

function statusAdvice(status: number): string {
  if (status === 502 || status === 504)
    return "the gateway cannot reach the service behind this route: look at its health";
  if (status === 500)
    return "the service behind this route runs, and something that it needs fails: look at what else does not work here, and at its log";
  if (status === 503) return "the service behind this route is not ready: look at its health and log";
  if (status === 404) return "the gateway has no such route, or the service does not know the path";
  if (status === 401 || status === 403) return "the route asks for a login or forbids this method";
  if (status >= 300 && status < 400) return "the route redirects: look at the public URL and TLS in the values";
  return "look at the gateway's log and the log of the service behind the route";
}
