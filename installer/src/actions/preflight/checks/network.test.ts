import { describe, expect, it } from "vitest";
import { findings, severities } from "./testing/findings.ts";

describe("a store elsewhere", () => {
  const set = ["redis.mode=external", "redis.external.host=cache.corp", "redis.external.password=x"];

  it("that does not answer is named before the embedded one is given up", async () => {
    const found = await findings("external.reachable", { set, refuses: { "cache.corp:6379": "ECONNREFUSED" } });

    expect(found).toMatchObject([
      {
        severity: "failure",
        component: "redis",
        message: "redis at cache.corp:6379 cannot be reached: nothing listens there",
      },
    ]);
  });

  it("whose name has no dot may be a container's, which this host does not know", async () => {
    const sets = [...set, "redis.external.host=cache"];
    const found = await findings("external.reachable", { set: sets, refuses: { "cache:6379": "ENOTFOUND" } });

    expect(found).toMatchObject([
      { severity: "warning", message: "redis at cache:6379 is no name that this host knows" },
    ]);
  });

  it("that answers is well, and so is a platform without any", async () => {
    expect(await findings("external.reachable", { set })).toEqual([]);
    expect(await findings("external.reachable")).toEqual([]);
  });
});

describe("names and time", () => {
  const files = { "/proc/net/fib_trie": "     |-- 10.0.0.5\n        /32 host LOCAL\n" };

  it("warn about names that do not resolve or lead elsewhere", async () => {
    const set = ["domain=ai.corp.example"];
    const missing = await findings("dns.resolves", { set, files });
    const elsewhere = await findings("dns.resolves", { set, files, addresses: { "ai.corp.example": ["203.0.113.9"] } });
    const here = await findings("dns.resolves", { set, files, addresses: { "*": ["10.0.0.5"] } });

    expect(missing.map((finding) => finding.message)).toContain("s3.ai.corp.example does not resolve");
    expect(elsewhere[0]?.message).toContain("203.0.113.9, which is not this host");
    expect(here).toEqual([]);
  });

  it("ask for a name below the applications' domain, for which a hosts file is no help", async () => {
    const set = [
      "domain=ai.corp.example",
      "appsDomain=apps.corp.example",
      "server.mode=embedded",
      "rproxy.mode=embedded",
    ];
    const found = await findings("dns.resolves", {
      set,
      files,
      addresses: { "slipway-check.apps.corp.example": ["10.0.0.5"] },
    });
    const missing = await findings("dns.resolves", { set, files });

    expect(found.map(({ message }) => message)).not.toContain("*.apps.corp.example does not resolve");
    expect(missing).toContainEqual(
      expect.objectContaining({
        message: "*.apps.corp.example does not resolve",
        remedy: "make a wildcard record in DNS for it; a hosts file has none",
      }),
    );
  });

  it("leave localhost alone, and warn about an address that is not the host's", async () => {
    expect(await findings("dns.resolves", { files })).toEqual([]);
    expect(await findings("dns.resolves", { set: ["domain=10.0.0.9"], files })).toHaveLength(1);
    expect(await findings("dns.resolves", { set: ["domain=10.0.0.5"], files })).toEqual([]);
  });

  it("fail for a clock before the program was made, and warn when it is not synchronised", async () => {
    const ntp = { timedatectl: { exitCode: 0, stdout: "no\n", stderr: "" } };

    expect(severities(await findings("clock.sane", { now: "2020-01-01T00:00:00Z" }))).toEqual(["failure"]);
    expect(severities(await findings("clock.sane", { exec: ntp }))).toEqual(["warning"]);
  });

  it("fail for a clock that was set back since the install recorded something", async () => {
    const jobs = { seed: { inputsHash: "", at: "2026-11-21T12:30:00Z" } };
    const records = { "/var/lib/slipway/slipway/applied.json": JSON.stringify({ installedAt: "", jobs }) };
    const at = (now: string) => findings("clock.sane", { files: records, installId: "i", now });

    const found = await at("2026-11-21T12:00:00Z");

    expect(severities(found)).toEqual(["failure"]);
    expect(found[0]?.message).toContain("before what this install recorded last (2026-11-21T12:30)");
    expect(await at("2026-11-21T12:26:00Z")).toEqual([]);
    expect(await at("2027-11-21T12:00:00Z")).toEqual([]);
  });
});
