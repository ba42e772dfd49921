import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

const messages = async (id: string, world: Parameters<typeof findings>[1]) =>
  (await findings(id, world)).map(({ message }) => message);

describe("an engine", () => {
  it("that takes orders from everybody is told, with its own words of where", async () => {
    const warnings = [
      "WARNING: No swap limit support",
      "[DEPRECATION NOTICE]: API is accessible on http://0.0.0.0:2375 without encryption.\n         Access to the remote API is equivalent to root access on the host.",
    ];

    expect(await messages("engine.exposed", { info: { warnings } })).toEqual([
      "the engine takes orders at http://0.0.0.0:2375 without encryption",
    ]);
    expect(await findings("engine.exposed", { info: { warnings: warnings.slice(0, 1) } })).toEqual([]);
  });

  it("on a host that passes no packets on is told, and not by what a container sees", async () => {
    const off = { "/proc/sys/net/ipv4/ip_forward": "0\n" };

    expect(await findings("engine.forwarding", { files: off })).toHaveLength(1);
    expect(await findings("engine.forwarding", { files: { "/proc/sys/net/ipv4/ip_forward": "1\n" } })).toEqual([]);
    expect(await findings("engine.forwarding")).toEqual([]);
    // In a container the number is that of its own network.
    const inside = { ...off, "/.dockerenv": "" };
    expect(await findings("engine.forwarding", { files: inside })).toEqual([]);
  });

  it.each([
    ["disabled", 1, 1],
    ["enabled", 0, 0],
    ["", 1, 0],
  ])("that systemd calls %j at boot gives the right word", async (stdout, exitCode, count) => {
    const exec = { "systemctl is-enabled docker.service": { exitCode, stdout: `${stdout}\n`, stderr: "" } };
    const stats = { "/run/systemd/system": { directory: true } };

    expect(await findings("engine.at-boot", { exec, stats })).toHaveLength(count);
    expect(await findings("engine.at-boot", { exec })).toEqual([]);
  });

  it("that does not see the directories of the host is told", async () => {
    const snap = { dataRoot: "/var/snap/docker/common/var-lib-docker" };

    expect(await messages("engine.directories", { info: snap })).toEqual([
      "Docker was installed as a snap, which does not see /var/lib/slipway/slipway",
    ]);
    expect(await findings("engine.directories", { info: snap, set: ["dataDir=/home/a/.data"] })).toHaveLength(2);
    expect(await findings("engine.directories", { info: { os: "Docker Desktop" } })).toHaveLength(1);
    expect(await findings("engine.directories")).toEqual([]);
  });

  it("whose proxy stands before a registry inside is told", async () => {
    const set = ["images.registry=harbor.corp.example/platform"];
    const addresses = { "harbor.corp.example": ["10.20.0.5"] };
    const through = (except: string) => ({
      info: { proxies: { http: "", https: "http://proxy.corp.example:3128", except } },
    });

    expect(await messages("engine.proxy", { set, addresses, ...through("localhost") })).toEqual([
      "the engine asks harbor.corp.example, which is in a private network, through the proxy proxy.corp.example:3128",
    ]);
    expect(await findings("engine.proxy", { set, addresses, ...through(".corp.example") })).toEqual([]);
    expect(await findings("engine.proxy", { set, addresses: { "*": ["203.0.113.5"] }, ...through("") })).toEqual([]);
    expect(await findings("engine.proxy", { set, addresses })).toEqual([]);
  });

  it("that takes images from a registry without TLS is told, but not for one of this host", async () => {
    const plainRegistries = ["harbor.corp.example", "127.0.0.1:5000"];

    expect(
      await findings("engine.plain-registry", {
        set: ["images.registry=harbor.corp.example/platform"],
        info: { plainRegistries },
      }),
    ).toHaveLength(1);
    expect(
      await findings("engine.plain-registry", { set: ["images.registry=127.0.0.1:5000"], info: { plainRegistries } }),
    ).toEqual([]);
    expect(await findings("engine.plain-registry", { info: { plainRegistries } })).toEqual([]);
  });
});
