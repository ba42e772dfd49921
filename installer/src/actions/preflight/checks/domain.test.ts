import { describe, expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

describe("the domain", () => {
  it.each([
    ["hub.corp.local", "self-signed", 1],
    ["hub.corp.dev", "off", 1],
    ["hub.corp.dev", "self-signed", 0],
    ["hub.corp.example", "off", 0],
    ["hub.corp.internal", "off", 0],
    ["10.0.0.5", "off", 0],
    ["localhost", "off", 0],
  ])("%s with TLS %s gives %d findings", async (domain, tls, count) => {
    expect(await findings("domain.browsers", { set: [`domain=${domain}`, `tls.mode=${tls}`] })).toHaveLength(count);
  });
});

describe("the state directory", () => {
  it("on a network file system is told, and on a disk passed over", async () => {
    const mounts = (type: string) => ({ "/proc/self/mountinfo": `21 1 8:1 / / rw - ${type} disk rw` });

    expect(await findings("state-dir.local", { files: mounts("nfs4") })).toMatchObject([
      {
        severity: "warning",
        message: "/var/lib/slipway/slipway is on a network file system (nfs4)",
      },
    ]);
    expect(await findings("state-dir.local", { files: mounts("ext4") })).toEqual([]);
    expect(await findings("state-dir.local")).toEqual([]);
  });
});
