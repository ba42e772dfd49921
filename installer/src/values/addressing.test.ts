import { describe, expect, test } from "vitest";
import { loadTestValues } from "../../test/support/values-sources.ts";
import { valuesSections } from "../plan/values-sections.ts";
import { resolveAddressing, servedUrl } from "./addressing.ts";

function resolve(...sets: readonly string[]) {
  return resolveAddressing(loadTestValues("", sets), valuesSections());
}

describe("by default", () => {
  test("serves plain HTTP on loopback, each service on a port of its own", () => {
    const addressing = resolve();

    expect(addressing).toMatchObject({
      kind: "port",
      domain: "localhost",
      bindAddress: "127.0.0.1",
      tls: "off",
      mainUrl: "http://localhost",
      served: [
        { id: "main", host: "localhost", port: 80, url: "http://localhost" },
        { id: "casdoor", host: "localhost", port: 8000, url: "http://localhost:8000" },
        { id: "s3", host: "localhost", port: 9000, url: "http://localhost:9000" },
      ],
      hosts: ["localhost"],
    });
    expect(addressing.published).toEqual([
      { name: "http", port: 80 },
      { name: "ssh", port: 2222 },
      { name: "casdoor", port: 8000 },
      { name: "s3", port: 9000 },
    ]);
  });
});

describe("with a domain", () => {
  test("serves HTTPS with a sub-domain for each service and leaves usual ports out of URLs", () => {
    const addressing = resolve("domain=ai.corp.example", "ports.ssh=22");

    expect(addressing).toMatchObject({
      kind: "domain",
      bindAddress: "0.0.0.0",
      tls: "self-signed",
      mainUrl: "https://ai.corp.example",
      served: [
        { url: "https://ai.corp.example" },
        { url: "https://casdoor.ai.corp.example" },
        { url: "https://s3.ai.corp.example" },
      ],
      hosts: ["ai.corp.example", "casdoor.ai.corp.example", "s3.ai.corp.example"],
    });
    expect(addressing.published.map(({ name }) => name)).toEqual(["http", "https", "ssh"]);
  });

  test("has a wildcard for applications where they have a domain, and no other where there are no sub-domains", () => {
    const hub = ["server.mode=embedded", "rproxy.mode=embedded"];
    const sets = ["domain=ai.corp.example", "appsDomain=apps.ai.corp.example", "ports.https=8443"];
    const addressing = resolve(...hub, ...sets);

    expect(addressing.apps).toEqual({
      id: "apps",
      host: "*.apps.ai.corp.example",
      port: 8443,
      url: "https://*.apps.ai.corp.example:8443",
    });
    expect(addressing.hosts.at(-1)).toBe("*.apps.ai.corp.example");
    expect(resolve("domain=ai.corp.example").apps).toBeUndefined();
  });

  test("names a port that is not the usual one in every URL", () => {
    const addressing = resolve("domain=ai.corp.example", "ports.https=8443");

    expect(addressing.mainUrl).toBe("https://ai.corp.example:8443");
    expect(servedUrl(addressing, "s3")).toBe("https://s3.ai.corp.example:8443");
    expect(addressing.served).toContainEqual({
      id: "s3",
      host: "s3.ai.corp.example",
      port: 8443,
      url: "https://s3.ai.corp.example:8443",
    });
  });

  test("uses plain HTTP when TLS is off", () => {
    const addressing = resolve("domain=ai.corp.example", "tls.mode=off", "ports.http=8080");

    expect(addressing.mainUrl).toBe("http://ai.corp.example:8080");
    expect(addressing.published.map(({ name }) => name)).toEqual(["http", "ssh"]);
  });

  test("serves no names and ports for what does not run here", () => {
    const file = `
domain: ai.corp.example
casdoor: { mode: off }
gitlabShell: { mode: off }
objectStore: { mode: external, external: { endpoint: https://s3.corp.example, accessKey: a, secretKeyFile: /k } }
`;

    const addressing = resolveAddressing(loadTestValues(file), valuesSections());

    expect(addressing.hosts).toEqual(["ai.corp.example"]);
    expect(addressing.published.map(({ name }) => name)).toEqual(["http", "https"]);
  });
});

describe("with an IP address", () => {
  test("serves HTTPS, each service on a port of its own", () => {
    const addressing = resolve("domain=192.168.1.10");

    expect(addressing).toMatchObject({
      kind: "port",
      bindAddress: "0.0.0.0",
      tls: "self-signed",
      mainUrl: "https://192.168.1.10",
      served: [{ id: "main" }, { id: "casdoor", url: "https://192.168.1.10:8000" }, { id: "s3" }],
      hosts: ["192.168.1.10"],
    });
    expect(addressing.published.map(({ name }) => name)).toEqual(["http", "https", "ssh", "casdoor", "s3"]);
  });

  test("keeps a loopback address on loopback", () => {
    expect(resolve("domain=127.0.0.1")).toMatchObject({ kind: "port", bindAddress: "127.0.0.1", tls: "off" });
  });
});

test.each([
  ["gpu-box", "port", "0.0.0.0", "self-signed"],
  ["slipway.localhost", "domain", "127.0.0.1", "off"],
])("addresses %s by %s", (domain, kind, bindAddress, tls) => {
  expect(resolve(`domain=${domain}`)).toMatchObject({ kind, bindAddress, tls });
});

test("takes the bind address and the TLS mode that are given", () => {
  expect(resolve("bindAddress=127.0.0.2", "tls.mode=self-signed")).toMatchObject({
    bindAddress: "127.0.0.2",
    tls: "self-signed",
    mainUrl: "https://localhost",
  });
});
