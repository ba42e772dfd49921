import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

const check = "networks.free-addresses";

/** Subnets of the engine's built-in ranges, as many as are asked for. */
function subnets(large: number, small: number): readonly string[] {
  return [
    ...Array.from({ length: large }, (_, index) => `172.${17 + index}.0.0/16`),
    ...Array.from({ length: small }, (_, index) => `192.168.${index * 16}.0/20`),
  ];
}

const route = (device: string, destination: string, mask: string): string =>
  `${device}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;
const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const byDefault = route("eth0", "00000000", "00000000");

describe("address ranges for networks", () => {
  it("are enough on an engine with room, and a default route takes none", async () => {
    const files = { "/proc/net/route": head + byDefault + route("docker0", "000011AC", "0000FFFF") };

    expect(await findings(check, { files })).toEqual([]);
    expect(await findings(check, { subnets: subnets(15, 13) })).toEqual([]);
  });

  it("that are used up are found before anything is made", async () => {
    const [found] = await findings(check, { subnets: subnets(15, 14) });

    expect(found).toMatchObject({
      severity: "failure",
      message: "the engine has address ranges for 2 more networks, and the platform needs 3",
    });
    expect(found?.remedy).toContain("docker network prune");
  });

  it("of networks that are there are not needed again", async () => {
    const networks = ["edge", "app", "data"].map((zone) => ({ id: zone, name: `slipway_${zone}` }));

    expect(await findings(check, { subnets: subnets(15, 16), networks })).toEqual([]);
    expect(await findings(check, { subnets: subnets(15, 16), networks: networks.slice(1) })).toHaveLength(1);
  });

  it("are those that the engine was given", async () => {
    const addressPools = [{ base: "10.200.0.0/22", size: 24 }];

    expect(await findings(check, { info: { addressPools } })).toEqual([]);
    expect(await findings(check, { info: { addressPools }, subnets: ["10.200.1.0/24", "10.200.2.0/24"] })).toHaveLength(
      1,
    );
  });

  it("that routes cover are said to be, with the device", async () => {
    const vpn = route("tun0", "00000000", "00000080") + route("tun0", "00000080", "00000080");
    const files = { "/proc/net/route": head + byDefault + vpn };

    const [found] = await findings(check, { files });

    expect(found).toMatchObject({ severity: "failure" });
    expect(found?.message).toMatch(/^routes of this host \(tun0\) cover .*: 0 are free, and the platform needs 3$/);
    expect(found?.remedy).toContain("default-address-pools");
  });
});

describe("an engine that has nothing of the platform", () => {
  const applied = "/var/lib/slipway/slipway/applied.json";
  const record = (containers: object): Readonly<Record<string, string>> => ({
    [applied]: JSON.stringify({ target: { containers } }),
  });
  const live = { services: new Map(), stores: new Map(), imageIds: new Map() };
  const files = record({ redis: { containerId: "1", filesDigest: "2" } });

  it("is told where containers were made", async () => {
    const [found] = await findings("live.engine", { files, live });

    expect(found).toMatchObject({ severity: "failure", remedy: expect.stringContaining("DOCKER_HOST") as string });
    expect(found?.message).toContain("no container and no volume of the platform, though some were made");
  });

  it("is not suspected where nothing was made, or something is there", async () => {
    const some = { ...live, stores: new Map([["redis/data", { place: "x", ours: true }]]) };

    expect(await findings("live.engine", { files: record({}), live })).toEqual([]);
    expect(await findings("live.engine", { files, live: some })).toEqual([]);
    expect(await findings("live.engine", { files })).toEqual([]);
  });
});

describe("bridges of the platform's networks", () => {
  const networks = [
    { id: "0123456789abcdef", name: "slipway_app" },
    { id: "fedcba9876543210", name: "slipway_data" },
  ];
  const live = { services: new Map(), stores: new Map() };
  const interfaces = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`/sys/class/net/${name}`, ""]));

  it("that are gone are named", async () => {
    const files = interfaces("lo", "docker0", "br-0123456789ab");

    expect(await findings("live.bridges", { networks, live, files })).toMatchObject([
      { severity: "warning", message: "the network slipway_data has no bridge on this host (br-fedcba987654)" },
    ]);
  });

  it("are not missed where all are there, or where no bridge of the engine can be seen", async () => {
    const all = interfaces("lo", "docker0", "br-0123456789ab", "br-fedcba987654");

    expect(await findings("live.bridges", { networks, live, files: all })).toEqual([]);
    expect(await findings("live.bridges", { networks, live, files: interfaces("lo", "eth0") })).toEqual([]);
    expect(await findings("live.bridges", { networks, files: interfaces("docker0") })).toEqual([]);
  });
});
