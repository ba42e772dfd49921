import { describe, expect, it } from "vitest";
import type { VerifyResult } from "../../actions/verify/verify.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const verified: VerifyResult = {
  apiVersion,
  kind: "VerifyResult",
  name: "slipway",
  ok: false,
  passed: 0,
  failed: 1,
  wires: [
    {
      wire: "nats",
      kind: "nats",
      from: "hub",
      to: "nats.client",
      address: "nats:4222",
      ok: false,
      expectation: "publishes",
      ms: 12,
      error: "connection refused",
      cause: "nats does not run",
    },
  ] as VerifyResult["wires"],
  skipped: [{ wire: "casdoor-login", component: "casdoor", reason: "casdoor is not installed" }],
  ms: 40,
};

describe("verify", () => {
  it("names wire, address and likely cause, and ends with 12", async () => {
    const run = await cli("verify nats", { verify: () => Promise.resolve(verified) });

    expect(run.status).toBe(12);
    expect(run.requests["verify"]?.[0]).toMatchObject({ component: "nats" });
    expect(run.stdout()).toContain(
      "nats: connection refused\n  address: nats:4222\n  likely cause: nats does not run\n",
    );
    expect(run.stdout()).toContain("skipped casdoor-login: casdoor is not installed");
    expect(run.stdout()).toContain("0 of 1 wires work, 1 skipped (40 ms)");
  });
});

describe("what a wire proves", () => {
  const expectation =
    "connects as the platform's own user, creates a bucket, writes, reads and removes an object of it";
  const wires = verified.wires.map((wire) => ({ ...wire, ok: true, expectation }));
  const verify = () => Promise.resolve({ ...verified, ok: true, passed: 1, failed: 0, wires });

  it("is wrapped on a terminal and whole in a pipe", async () => {
    const terminal = await cli("verify --no-color", { verify }, { io: { stdoutIsTTY: true } });
    const pipe = await cli("verify", { verify });

    expect(pipe.stdout()).toContain(`  ${expectation}\n`);
    expect(
      Math.max(
        ...terminal
          .stdout()
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    expect(terminal.stdout().replace(/\s+/g, " ")).toContain(expectation);
  });
});
