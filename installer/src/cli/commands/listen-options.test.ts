import { describe, expect, it } from "vitest";
import { isLoopback, parseListen } from "./listen-options.ts";

describe("an address to listen on", () => {
  it.for([
    ["127.0.0.1:5000", "127.0.0.1", 5000],
    ["localhost:0", "localhost", 0],
    ["[::1]:5443", "::1", 5443],
  ] as const)("is %s", ([text, host, port]) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it.for(["", "5000", ":5000", "127.0.0.1", "127.0.0.1:70000", "[nonsense]:1", "::1:5000", "host/path:1"])(
    "is not %s",
    (text) => {
      expect(() => parseListen(text)).toThrow("not an address");
    },
  );
});

it.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["localhost", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.5", false],
  ["127.0.0.1.example.org", false],
])("whether only this machine reaches %s: %s", (host, alone) => {
  expect(isLoopback({ host, port: 0 })).toBe(alone);
});
