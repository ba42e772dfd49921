import { expect, test } from "vitest";
import { findHostNameFault, isIpv4, isIpv6, isLoopbackName } from "./host-names.ts";

test.each(["0.0.0.0", "127.0.0.1", "192.168.1.10", "255.255.255.255"])("%s is an IPv4 address", (text) => {
  expect(isIpv4(text)).toBe(true);
});

test.each(["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.x", "a.b.c.d"])(
  "%j is not an IPv4 address",
  (text) => {
    expect(isIpv4(text)).toBe(false);
  },
);

test.each(["::1", "::", "fe80::1", "2001:db8::7", "::ffff:10.0.0.1"])("%s is an IPv6 address", (text) => {
  expect(isIpv6(text)).toBe(true);
});

test.each(["", ":::", "1.2.3.4", "fe80::1%eth0", "[::1]", "12345::", "g::1"])("%j is not an IPv6 address", (text) => {
  expect(isIpv6(text)).toBe(false);
});

test.each([
  ["localhost", true],
  ["LOCALHOST", true],
  ["slipway.localhost", true],
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["127.example", false],
  ["10.0.0.1", false],
  ["notlocalhost", false],
])("whether %s means only this host: %s", (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected);
});

test.each(["a", "ai.corp.example", "xn--fsq.example", "my_db.svc", "A-1.b", `${"a".repeat(63)}.example`])(
  "%s can be a host name",
  (name) => {
    expect(findHostNameFault(name)).toBeUndefined();
  },
);

test.each([
  [`${"a.".repeat(127)}aa`, "is longer than 253 characters (256)"],
  ["a..b", "has an empty label"],
  [".a", "has an empty label"],
  ["a.", "has an empty label"],
  [`${"a".repeat(64)}.example`, "has a label of more than 63 characters (64)"],
  ["a.-b.c", 'has the label "-b", which no host name can have'],
  ["a b.c", 'has the label "a b", which no host name can have'],
  ["1.2.3", "ends in a number but is not an IPv4 address"],
  ["a.0x7f", "ends in a number but is not an IPv4 address"],
])("%s cannot be a host name", (name, fault) => {
  expect(findHostNameFault(name)).toBe(fault);
});
