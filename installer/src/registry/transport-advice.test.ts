import { expect, test } from "vitest";
import { TransportError } from "../platform/transport-error.ts";
import { adviseOnTransport } from "./transport-advice.ts";

const proxy = { href: "https://me:s3cret@proxy.corp:3129", host: "proxy.corp:3129", variable: "HTTPS_PROXY" };

test.each([
  ["unknown-ca", /^the certificate of the proxy proxy\.corp:3129 \(HTTPS_PROXY\) is signed by/, /NODE_EXTRA_CA_CERTS/],
  ["expired", /^the certificate of the proxy proxy\.corp:3129 \(HTTPS_PROXY\) has expired/, /renew it/],
  ["plain", /^the proxy proxy\.corp:3129 \(HTTPS_PROXY\) does not speak TLS/, /http:\/\/ before its address/],
  ["client", /^the proxy proxy\.corp:3129 \(HTTPS_PROXY\) does not accept the client/, /asks for no client/],
] as const)("TLS of a proxy (%s) is laid on the proxy, with what helps there", (tls, problem, hint) => {
  const advice = adviseOnTransport(new TransportError("proxy", "TLS failed", { tls, proxy }), "harbor.corp");

  expect(advice.problem).toMatch(problem);
  expect(advice.hint).toMatch(hint);
  expect(JSON.stringify(advice)).not.toMatch(/harbor\.corp|s3cret|--ca-file|--plain-http/);
});

test("a connection that breaks may be one of plain HTTP to TLS", () => {
  const advice = adviseOnTransport(new TransportError("reset", "GET /v2/: ECONNRESET"), "harbor.corp");

  expect(advice.hint).toMatch(/where --plain-http is given, harbor\.corp may speak TLS/);
});
