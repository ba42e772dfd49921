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
    expect(found?.message).toMatch(
      /^networks that this host is in \(tun0\) cover .*: 0 are free, and the platform needs 3$/,
    );
    expect(found?.remedy).toContain("default-address-pools");
  });

  it("are not covered by routes that lead to a gateway, as those of many VPNs, nor by routes of another machine", async () => {
    const byGateway = route("tun0", "00000000", "00000080").replace("\t00000000\t0001", "\t0101080A\t0003");
    const onLink = route("tun0", "00000000", "00000080") + route("tun0", "00000080", "00000080");

    expect(await findings(check, { files: { "/proc/net/route": head + byGateway } })).toEqual([]);
    const info = { socket: "/srv/other/docker.sock" };
    expect(await findings(check, { info, files: { "/proc/net/route": head + onLink } })).toEqual([]);
  });

  it("are not those of name servers, also of those behind the resolver of systemd", async () => {
    const world = { subnets: subnets(15, 13) };
    const server = (address: string): string => `search corp\nnameserver ${address}\n`;
    const stub = {
      "/etc/resolv.conf": server("127.0.0.53"),
      "/run/systemd/resolve/resolv.conf": server("192.168.240.1"),
    };

    const [direct] = await findings(check, { ...world, files: { "/etc/resolv.conf": server("192.168.240.1") } });

    expect(direct?.message).toMatch(/\(name server 192\.168\.240\.1\) .*: 2 are free, and the platform needs 3$/);
    expect(await findings(check, { ...world, files: stub })).toHaveLength(1);
    expect(await findings(check, { ...world, files: { "/etc/resolv.conf": server("10.0.0.1") } })).toEqual([]);
  });

  it("are those of networks of version 4, where the engine gives version 6 too", async () => {
    const addressPools = [
      { base: "fd00:1::/48", size: 64 },
      { base: "10.200.0.0/22", size: 24 },
    ];

    expect(await findings(check, { info: { addressPools }, subnets: ["fd00:1::/64"] })).toEqual([]);
    expect(await findings(check, { info: { addressPools: addressPools.slice(0, 1) } })).toHaveLength(1);
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

describe("bridges of networks", () => {
  const app = { id: "0123456789abcdef", name: "slipway_app" };
  const data = { id: "fedcba9876543210", name: "slipway_data" };
  const usual = { id: "1", name: "bridge", bridge: { device: "docker0", address: "172.17.0.1" } };
  const networks = [app, data, usual];
  const interfaces = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`/sys/class/net/${name}`, ""]));
  const addresses = (...own: readonly string[]) => ({
    "/proc/net/fib_trie": own.map((address) => `  |-- ${address}\n     /32 host LOCAL\n`).join(""),
  });
  const elsewhere = { socket: "/srv/other/docker.sock" };

  it("that are gone are named", async () => {
    const files = interfaces("lo", "docker0", "br-0123456789ab");

    for (const info of [{}, elsewhere])
      expect(await findings("networks.bridges", { networks, files, info })).toMatchObject([
        {
          severity: "failure",
          message: "the network slipway_data leads nowhere: its bridge br-fedcba987654 is gone from this host",
          remedy: expect.stringContaining("restart the engine") as string,
        },
      ]);
  });

  it("that lost their address are named, where addresses are known", async () => {
    const bridge = { device: "br-0123456789ab", address: "172.18.0.1" };
    const world = { networks: [{ ...app, bridge }, usual] };
    const files = interfaces("docker0", "br-0123456789ab");

    const [found] = await findings("networks.bridges", { ...world, files: { ...files, ...addresses("172.17.0.1") } });

    expect(found?.message).toContain("its bridge br-0123456789ab no longer has the address 172.18.0.1");
    const whole = { ...files, ...addresses("172.17.0.1", "172.18.0.1") };
    expect(await findings("networks.bridges", { ...world, files: whole })).toEqual([]);
    expect(await findings("networks.bridges", { ...world, files })).toEqual([]);
  });

  it("include the engine's own, which images are built on, before anything is installed", async () => {
    const world = { networks: [usual], files: interfaces("lo", "eth0") };

    expect(await findings("networks.bridges", world)).toMatchObject([
      { severity: "warning", message: "the network bridge leads nowhere: its bridge docker0 is gone from this host" },
    ]);
  });

  it("are not missed where all are there, are those of others, or cannot be seen", async () => {
    const all = interfaces("lo", "docker0", "br-0123456789ab", "br-fedcba987654");
    const others = { id: "999999999999", name: "others_app" };

    expect(await findings("networks.bridges", { networks: [...networks, others], files: all })).toEqual([]);
    expect(await findings("networks.bridges", { networks })).toEqual([]);
    // An engine elsewhere, while one here has a default bridge and networks of its own.
    const here = interfaces("lo", "docker0", "br-777777777777");
    expect(await findings("networks.bridges", { networks, files: here, info: elsewhere })).toEqual([]);
    const inside = { ...interfaces("lo", "eth0"), "/.dockerenv": "" };
    expect(await findings("networks.bridges", { networks, files: inside })).toEqual([]);
  });
});
