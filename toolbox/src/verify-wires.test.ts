import type { AddressInfo } from "node:net";
import { createServer } from "node:http";
import { performance } from "node:perf_hooks";
import { afterEach, describe, expect, it } from "vitest";
import type { RouteWire } from "./contract.generated.ts";
import { verifyWires } from "./verify-wires.ts";

const server = createServer((_request, response) => response.end("here"));
afterEach(() => server.close());

/** A port of loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const held = createServer();
  await new Promise<void>((resolve) => held.listen(0, "127.0.0.1", resolve));
  const { port } = held.address() as AddressInfo;
  await new Promise((resolve) => held.close(resolve));
  return port;
}

function route(port: number): RouteWire {
  return {
    kind: "route",
    name: "a -> b",
    from: "a",
    to: "b",
    url: `http://127.0.0.1:${port}/`,
    expectStatus: 200,
    expectBody: "here",
  };
}

describe("a wire whose server cannot be reached", () => {
  it("is tried again while the program is young: the network of its pod may not be set up", async () => {
    const port = await freePort();
    setTimeout(() => server.listen(port, "127.0.0.1"), 400);
    const limits = { proveMs: 5000, cleanUpMs: 100, settledMs: performance.now() + 20_000 };

    const [result] = await verifyWires(
      [route(port)],
      (text) => text,
      () => undefined,
      limits,
    );

    expect(result).toMatchObject({ ok: true });
  });

  it("fails at once later", async () => {
    const limits = { proveMs: 5000, cleanUpMs: 100, settledMs: 0 };

    const [result] = await verifyWires(
      [route(await freePort())],
      (text) => text,
      () => undefined,
      limits,
    );

    expect(result).toMatchObject({ ok: false, error: expect.stringContaining("ECONNREFUSED") as unknown });
    expect(result?.ms).toBeLessThan(5000);
  });
});
