import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { makeTestCertificates } from "../../../test/stand-ins/registry/test-certificates.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { startHttpServer } from "../../platform/http-server.ts";
import type { Clock } from "../../platform/ports.ts";
import type { LookPorts } from "./look.ts";
import { type MetricsServeRequest, type MetricsServeResult, serveMetrics } from "./serve-metrics.ts";

const name = "lab";
const world = createMemoryTarget();
/** Where it was installed; each test has a copy of the records. */
let installed: string;
let folder: string;
let place: { readonly name: string; readonly stateDir: string };
let abort: AbortController;

beforeAll(async () => {
  installed = mkdtempSync(join(tmpdir(), "slipway-scraped-"));
  const ports = { ...fixturePorts(), target: world.target };
  await installFixture({ name, stateDir: join(installed, "state"), request: { skipVerify: true } }, ports);
});
afterAll(() => rmSync(installed, { recursive: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-scrape-"));
  cpSync(installed, folder, { recursive: true });
  place = { name, stateDir: join(folder, "state") };
  abort = new AbortController();
});
afterEach(() => {
  abort.abort();
  rmSync(folder, { recursive: true });
});

interface Running {
  /** What Prometheus asks. */
  readonly url: string;
  /** The answer to a request for a path, with its body. */
  readonly get: (
    path: string,
    method?: string,
  ) => Promise<{ readonly status: number; readonly type: string | null; readonly text: string }>;
  readonly events: readonly InstallerEvent[];
  /** Ctrl-C. */
  readonly stop: () => Promise<MetricsServeResult>;
}

async function serve(more: Partial<LookPorts> = {}, asked: Partial<MetricsServeRequest> = {}): Promise<Running> {
  const events: InstallerEvent[] = [];
  const all = { ...fixturePorts(), target: world.target };
  const ports = {
    fs: all.fs,
    clock: all.clock,
    version: "9.9.9",
    openTarget: () => Promise.resolve(all),
    report: (event: InstallerEvent) => void events.push(event),
    signal: abort.signal,
    startHttpServer,
    ...more,
  };
  const listening = Promise.withResolvers<string>();
  const ended = serveMetrics(
    { ...place, host: "127.0.0.1", port: 0, onListening: ({ url }) => listening.resolve(url), ...asked },
    ports,
  );
  ended.catch(listening.reject);
  const url = await listening.promise;
  return {
    url,
    get: async (path, method = "GET") => {
      const answer = await fetch(new URL(path, url), { method });
      return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
    },
    events,
    stop: () => {
      abort.abort();
      return ended;
    },
  };
}

describe("serving metrics", () => {
  it("answers what Prometheus asks, and ends at Ctrl-C with a count", async () => {
    const { get, stop } = await serve();

    const answer = await get("/metrics");
    const health = await get("/healthz");
    const result = await stop();

    expect(answer).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
    expect(answer.text).toContain('slipway_platform_healthy{install="lab"} 1\n');
    expect(health).toMatchObject({ status: 200, text: "ok\n" });
    expect(result).toMatchObject({ kind: "MetricsServeResult", name: "lab", requests: 2, looks: 1 });
    await expect(get("/metrics")).rejects.toThrow();
  });

  it.each([
    ["GET", "/", 404],
    ["GET", "/metrics/x", 404],
    ["POST", "/metrics", 405],
    ["HEAD", "/metrics", 200],
    ["GET", "/metrics?collect[]=x", 200],
  ])("answers %s %s with %i", async (method, path, status) => {
    const { get } = await serve();

    expect(await get(path, method)).toMatchObject({ status });
  });

  it("looks once for many who ask at once or soon after each other", async () => {
    const { get, stop } = await serve();

    await Promise.all(Array.from({ length: 20 }, () => get("/metrics")));

    expect(await stop()).toMatchObject({ requests: 20, looks: 1 });
  });

  it("looks again when the last look is old", async () => {
    let ms = 0;
    const clock: Clock = { ...fixturePorts().clock, monotonicMs: () => ms };
    const { get, stop } = await serve({ clock });

    await get("/metrics");
    ms = 6000;
    await get("/metrics");

    expect(await stop()).toMatchObject({ looks: 2 });
  });

  it("goes on, and says so once, while what the platform runs on is away", async () => {
    let [ms, away] = [0, true];
    const all = { ...fixturePorts(), target: world.target };
    const clock: Clock = { ...all.clock, monotonicMs: () => ms };
    const openTarget = () => (away ? Promise.reject(new Error("nobody is there")) : Promise.resolve(all));
    const { get, events } = await serve({ clock, openTarget });
    const values: (string | undefined)[] = [];

    for (away of [true, true, false]) {
      ms += 6000;
      values.push(/^slipway_look_ok\{install="lab"\} (.)$/m.exec((await get("/metrics")).text)?.[1]);
    }

    expect(values).toEqual(["0", "0", "1"]);
    expect(events).toEqual([
      { type: "warning", message: "the platform could not be looked at: nobody is there" },
      { type: "note", message: "the platform can be looked at again" },
    ]);
  });

  it("does not wait longer than Prometheus does for one that hangs, and begins no second look beside it", async () => {
    let [begun, ms] = [0, 0];
    const clock: Clock = { ...fixturePorts().clock, monotonicMs: () => ms, sleep: () => Promise.resolve() };
    const openTarget = () => {
      begun += 1;
      return new Promise<never>(() => undefined);
    };
    const { get } = await serve({ clock, openTarget });

    ms = 6000;
    const answer = await get("/metrics");

    expect(answer.text).toContain('slipway_look_ok{install="lab"} 0\n');
    expect(begun).toBe(1);
  });

  it("answers 503, without a word about the machine, when records can be read no more", async () => {
    let ms = 0;
    const clock: Clock = { ...fixturePorts().clock, monotonicMs: () => ms };
    const { get, events } = await serve({ clock });
    writeFileSync(stateLayout(place.stateDir).applied, "not JSON");

    ms = 6000;
    const answer = await get("/metrics");

    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain(folder);
    expect(events.some(({ type }) => type === "warning")).toBe(true);
    expect(await get("/healthz")).toMatchObject({ status: 200 });
  });

  it("does not begin where nothing is installed", async () => {
    const nowhere = { stateDir: join(folder, "nowhere") };

    await expect(serve({ openTarget: () => Promise.reject(new Error("x")) }, nowhere)).rejects.toThrow(
      "nothing is installed",
    );
  });

  it("does not begin where another program listens, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { readonly port: number };

    await expect(serve({}, { port })).rejects.toThrow("another program listens there");
    other.close();
  });

  it("is encrypted with the certificate that it was given", async () => {
    const { good, ca } = await makeTestCertificates();
    const tls = { certFile: join(folder, "c.pem"), keyFile: join(folder, "k.pem") };
    writeFileSync(tls.certFile, good.cert);
    writeFileSync(tls.keyFile, good.key);
    const { url, stop } = await serve({}, { tls });

    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { ca }, resolve).on("error", reject).end();
    });

    expect(url).toMatch(/^https:/);
    expect(await text(answer)).toContain('slipway_look_ok{install="lab"} 1\n');
    await stop();
  });

  it("does not begin without the TLS files that were named", async () => {
    const tls = { certFile: join(folder, "c.pem"), keyFile: join(folder, "k.pem") };

    await expect(serve({}, { tls })).rejects.toThrow("there is no file");
  });
});
