/** What programs of the hub answer when all they need was there at their start, and their database went away since. */
import { afterEach, describe, expect, it } from "vitest";
import { findFreePorts } from "../../support/free-ports.ts";
import type { Reach } from "./conditions.ts";
import { runHub } from "./hub.ts";
import { programs } from "./programs.ts";
import { hubEnvironment } from "./testing/given.ts";

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const there = (): Promise<void> => Promise.resolve();
const reach: Reach = {
  ...{ database: there, tables: there, redis: there, nats: there },
  ...{ temporal: there, namespace: there, certificate: there, home: there },
};

/** Starts a program on a free port of this machine. */
async function serving(path: string): Promise<string> {
  const { http: port } = await findFreePorts();
  const variable = programs.find((program) => program.path === path)?.port ?? "";
  const checks = { STARHUB_SERVER_SENSITIVE_CHECK_ENABLE: "true" };
  const environment = { ...hubEnvironment, ...checks, [variable]: String(port) };
  const flags = { level: "info", format: "json", config: "" };
  const close = await runHub(path, flags, { environment, reach, log: () => undefined });
  if (close !== undefined) ends.push(close);
  return `http://127.0.0.1:${port}`;
}

async function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return (await fetch(url, { headers, redirect: "manual" })).status;
}

const healthy = ["start server", "start rproxy", "aigateway launch", "moderation launch"];

describe.each(programs.filter(({ port }) => port !== undefined).map(({ path }) => path))("%s", (path) => {
  it("listens on the port of its own variable, and answers a health check only if the real one does", async () => {
    const url = await serving(path);
    expect(await statusOf(`${url}/healthz`)).toBe(healthy.includes(path) ? 200 : 404);
    expect(await statusOf(`${url}/`)).toBe(404);
    expect(await statusOf(`${url}/metrics`)).toBe(200);
  });

  it("tells the state of what it works with to the hub's token alone", async () => {
    const url = `${await serving(path)}/probe`;
    expect(await statusOf(url)).toBe(401);
    expect(await statusOf(url, { authorization: "Bearer wrong" })).toBe(401);
  });
});

it("a probe names what does not work, and why", async () => {
  const url = await serving("accounting launch");
  const authorization = `Bearer ${hubEnvironment["STARHUB_SERVER_API_TOKEN"] ?? ""}`;
  const probed: unknown = await (await fetch(`${url}/probe`, { headers: { authorization } })).json();
  expect(probed).toMatchObject({ database: { ok: false, error: expect.stringContaining("ECONNREFUSED") as string } });
});

it("the server lists models from its database, and fails without it", async () => {
  expect(await statusOf(`${await serving("start server")}/api/v1/models?page=1&per=1`)).toBe(500);
});

it("the server asks who one is before it asks its database", async () => {
  expect(await statusOf(`${await serving("start server")}/api/v1/user/root/tokens`)).toBe(401);
});

it("the AI gateway lists models", async () => {
  expect(await statusOf(`${await serving("aigateway launch")}/v1/models`)).toBe(200);
});
