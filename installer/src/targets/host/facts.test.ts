import { describe, expect, it } from "vitest";
import { listeningInodes, parseLocalIpv4, parseLocalIpv6 } from "./addresses.ts";
import { mountOf, parseMounts } from "./mounts.ts";

describe("mounts", () => {
  const mounts = parseMounts(
    [
      "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
      "22 21 0:5 / /srv rw - tmpfs tmpfs rw",
      "23 22 8:3 / /srv/my\\040data ro,noexec - xfs /dev/sdb ro",
      "broken",
    ].join("\n"),
  );

  it.each([
    ["/home/x", "ext4", false],
    ["/srv", "tmpfs", false],
    ["/srvother", "ext4", false],
    ["/srv/my data/a", "xfs", true],
  ])("hold %s on %s", (path, type, readOnly) => {
    expect(mountOf(mounts, path)).toMatchObject({ type, readOnly });
  });
});

describe("addresses of the host", () => {
  it("are its local ones, not its networks", () => {
    const trie =
      "  |-- 10.0.0.0\n     /24 link UNICAST\n  |-- 10.0.0.5\n     /32 host LOCAL\n  |-- 10.0.0.255\n     /32 link BROADCAST\n";

    expect(parseLocalIpv4(trie)).toEqual(["10.0.0.5"]);
  });

  it("of version 6 are written without leading zeros", () => {
    expect(parseLocalIpv6("20010db8000000000000000000000001 02 40 00 80 eth0\n")).toEqual(["2001:db8:0:0:0:0:0:1"]);
  });
});

describe("listening sockets", () => {
  it("are found by port, and only when they listen", () => {
    const table = [
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1",
      "   1: 0100007F:1F90 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 12 1",
      "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1",
    ].join("\n");

    expect(listeningInodes(table, 8080)).toEqual(["11"]);
    expect(listeningInodes(table, 80)).toEqual(["13"]);
    expect(listeningInodes(table, 443)).toEqual([]);
  });
});
