import { expect, test } from "vitest";
import { contains, overlaps, parseIpv4Range, parseOnLinkRoutes, splitIpv4Range } from "./ipv4-ranges.ts";

const range = (text: string) => parseIpv4Range(text)!;

test("ranges are read, those of IPv6 and nonsense are not", () => {
  expect(range("172.17.5.1/16")).toEqual({ first: 2886795264, last: 2886860799 });
  for (const text of ["fd00::/8", "1.2.3.4", "1.2.3.256/8", "1.2.3.4/33", ""])
    expect(parseIpv4Range(text)).toBeUndefined();
});

test("ranges are split and compared", () => {
  expect(splitIpv4Range(range("172.20.0.0/14"), 16)).toEqual(
    ["172.20.0.0/16", "172.21.0.0/16", "172.22.0.0/16", "172.23.0.0/16"].map(range),
  );
  expect(splitIpv4Range(range("10.0.0.0/24"), 16)).toEqual([]);
  expect(overlaps(range("172.16.0.0/12"), range("172.31.255.0/24"))).toBe(true);
  expect(overlaps(range("172.16.0.0/12"), range("172.32.0.0/16"))).toBe(false);
  expect(contains(range("172.16.0.0/12"), range("172.31.255.0/24"))).toBe(true);
  expect(contains(range("172.17.0.0/16"), range("128.0.0.0/1"))).toBe(false);
});

test("routes are those of networks that this host is in: not the default one, none by a gateway, none that swallows", () => {
  const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t0101080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
tun1\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
*\t000012AC\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

  expect(parseOnLinkRoutes(table)).toEqual([
    { device: "tun1", range: range("0.0.0.0/1") },
    { device: "docker0", range: range("172.17.0.0/16") },
  ]);
});
