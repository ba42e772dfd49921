import dgram from "node:dgram";
import { lookup as lookupByName, Resolver as CallbackResolver } from "node:dns";
import { lookup, lookupService, resolve4, resolveCname, Resolver, reverse } from "node:dns/promises";
import { once } from "node:events";
import { request } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { armEgressGuard, type EgressGuard, withoutProxies } from "./egress-guard.ts";
import { createHttp } from "./http-client.ts";

// Addresses of a range that is set aside for documentation: nothing is there, and nothing is sent.
const elsewhere = "192.0.2.1";

let guard: EgressGuard | undefined;
afterEach(() => {
  guard?.disarm();
  guard = undefined;
});

function arm(...allowed: readonly string[]): EgressGuard {
  guard = armEgressGuard(allowed);
  return guard;
}

async function failure(socket: Socket): Promise<NodeJS.ErrnoException> {
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error;
}

async function withServer(body: (server: Server) => Promise<void>, at: number | string = 0): Promise<void> {
  const server = createServer((socket) => socket.end("hello"));
  if (typeof at === "string") server.listen(at);
  else server.listen(at, "127.0.0.1");
  await once(server, "listening");
  await body(server);
  await new Promise((resolve) => server.close(resolve));
}

async function greeting(socket: Socket): Promise<string> {
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString();
}

describe("the guard of outgoing connections", () => {
  it("refuses a connection elsewhere in each of its forms, and lists it", async () => {
    const armed = arm();

    const errors = [
      await failure(connect(443, elsewhere)),
      await failure(connect({ host: elsewhere, port: 80 })),
      await failure(new Socket().connect(81, elsewhere)),
      await failure(connectTls({ host: elsewhere, port: 8443 })),
      await failure(connect(5000, "registry.example")),
    ];

    expect(errors.map((error) => error.code)).toEqual(Array(5).fill("EACCES"));
    expect(errors[0]?.message).toContain(`${elsewhere}:443`);
    expect(armed.report().refused).toEqual([
      `${elsewhere}:443`,
      `${elsewhere}:80`,
      `${elsewhere}:81`,
      `${elsewhere}:8443`,
      "registry.example:5000",
    ]);
  });

  it("refuses requests of HTTP and of fetch", async () => {
    const armed = arm();

    const sent = request(`http://${elsewhere}:8080/`);
    sent.end();
    const [error] = (await once(sent, "error")) as [NodeJS.ErrnoException];

    expect(error.code).toBe("EACCES");
    await expect(fetch(`https://${elsewhere}/`)).rejects.toThrow();
    expect(armed.report().refused).toEqual([`${elsewhere}:8080`, `${elsewhere}:443`]);
  });

  it("is told by our own HTTP client as a blocked way", async () => {
    arm();
    const http = createHttp({ connections: 1, environment: {} });

    const answer = http.request({
      method: "GET",
      url: new URL(`http://${elsewhere}/v2/`),
      headers: {},
      idleTimeoutMs: 1000,
      signal: new AbortController().signal,
    });

    await expect(answer).rejects.toMatchObject({ fault: "blocked" });
    http.close();
  });

  it("refuses look-ups of names, which tell somebody too", async () => {
    const armed = arm();

    const called = await new Promise((resolve) => lookupByName("telemetry.example", resolve));

    await expect(lookup("update.example")).rejects.toThrow("update.example");
    await expect(resolve4("other.example")).rejects.toThrow("other.example");
    expect(called).toMatchObject({ code: "EACCES" });
    expect(armed.report().refused).toEqual(["telemetry.example", "update.example", "other.example"]);
  });

  it("refuses every other question to a name server, by resolvers of their own too", async () => {
    const armed = arm();
    const resolver = new Resolver();
    const own = new CallbackResolver();

    await expect(resolveCname("alias.example")).rejects.toThrow("alias.example");
    await expect(resolver.resolve4("mine.example")).rejects.toThrow("mine.example");
    await expect(reverse(elsewhere)).rejects.toThrow(elsewhere);
    await expect(lookupService(elsewhere, 80)).rejects.toThrow(elsewhere);
    const called = await new Promise((resolve) => own.resolveTxt("text.example", resolve));

    expect(called).toMatchObject({ code: "EACCES" });
    expect(armed.report().refused).toEqual(["alias.example", "mine.example", elsewhere, "text.example"]);
  });

  it("refuses datagrams", () => {
    const armed = arm();
    const socket = dgram.createSocket("udp4");

    expect(() => socket.send("x", 53, elsewhere)).toThrow(elsewhere);
    expect(() => socket.connect(53, elsewhere)).toThrow(elsewhere);

    socket.close();
    expect(armed.report().refused).toEqual([`${elsewhere} (udp)`, `${elsewhere}:53 (udp)`]);
  });

  it("lets loopback and unix sockets through", async () => {
    const armed = arm();
    const folder = await mkdtemp(join(tmpdir(), "egress-"));
    const path = join(folder, "socket");

    await withServer(async (server) => {
      const { port } = server.address() as AddressInfo;
      expect(await greeting(connect(port, "127.0.0.1"))).toBe("hello");
      expect(await greeting(connect({ port, host: "localhost", family: 4 }))).toBe("hello");
      expect(await greeting(connect({ port, family: 4 }))).toBe("hello");
    });
    await withServer(async () => {
      expect(await greeting(connect(path))).toBe("hello");
      expect(await greeting(connect({ path }))).toBe("hello");
    }, path);

    await rm(folder, { recursive: true });
    expect(armed.report().refused).toEqual([]);
  });

  it.for(["registry.example", "Registry.example:5000", "registry.example/project/path"])(
    "lets the host of %s through",
    (host) => {
      const armed = arm();
      armed.allow(host);

      const socket = new Socket();
      socket.on("error", () => undefined);
      socket.connect({
        host: "registry.example",
        port: 5000,
        lookup: (_name, _options, done) => done(new Error("no"), ""),
      });

      socket.destroy();
      expect(armed.report()).toEqual({ allowed: ["registry.example"], refused: [] });
    },
  );

  it("lists the same destination once", async () => {
    const armed = arm();

    await failure(connect(443, elsewhere));
    await failure(connect(443, elsewhere));

    expect(armed.report().refused).toEqual([`${elsewhere}:443`]);
  });

  it("is gone once it is taken away", async () => {
    const armed = arm();
    const during = Object.getOwnPropertyDescriptor(Socket.prototype, "connect")?.value as unknown;
    armed.disarm();

    const after = Object.getOwnPropertyDescriptor(Socket.prototype, "connect")?.value as unknown;
    expect(after).not.toBe(during);
    await expect(lookup("127.0.0.1")).resolves.toMatchObject({ address: "127.0.0.1" });
  });
});

describe("the environment of programs that are started", () => {
  it("has no proxies", () => {
    const environment = {
      PATH: "/bin",
      HTTPS_PROXY: "http://p",
      http_proxy: "http://p",
      NO_PROXY: "x",
      All_Proxy: "y",
    };

    expect(withoutProxies(environment)).toEqual({ PATH: "/bin" });
  });
});
