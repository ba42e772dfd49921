import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { collect } from "../../test/stand-ins/registry/connect.ts";
import { createTestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import { makeTestCertificates, type TestCertificates } from "../../test/stand-ins/registry/test-certificates.ts";
import type { Http, HttpRequest, HttpSettings } from "./content-ports.ts";
import { createHttp } from "./http-client.ts";
import { TransportError } from "./transport-error.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
let certificates: TestCertificates;

beforeAll(async () => {
  certificates = await makeTestCertificates();
});

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

function client(settings: Partial<HttpSettings> = {}): Http {
  const http = createHttp({ connections: 2, environment: {}, ...settings });
  cleanUp.push(() => http.close());
  return http;
}

function get(url: string, options: Partial<HttpRequest> = {}): HttpRequest {
  const { signal } = new AbortController();
  return { method: "GET", url: new URL(url), headers: {}, idleTimeoutMs: 5000, signal, ...options };
}

async function faultOf(work: Promise<unknown>): Promise<TransportError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransportError);
  return error as TransportError;
}

async function secureRegistry(tls: { readonly key: string; readonly cert: string; readonly clientCa?: string }) {
  const registry = await createTestRegistry({ tls });
  cleanUp.push(() => registry.close());
  return registry;
}

describe("TLS", () => {
  test("trusts a private authority that was named", async () => {
    const registry = await secureRegistry(certificates.good);

    const response = await client({ ca: certificates.ca }).request(get(`${registry.url}/v2/`));

    expect(response.status).toBe(200);
    expect((await collect(response.body)).toString()).toBe("{}");
  });

  test.each(["root", "intermediate", "leaf"] as const)(
    "trusts a server by the %s of its chain alone, as curl and programs in Go do",
    async (named) => {
      const { company } = certificates;
      const registry = await secureRegistry(company.server);

      const response = await client({ ca: company[named] }).request(get(`${registry.url}/v2/`));
      response.body.resume();

      expect(response.status).toBe(200);
    },
  );

  test.each(["otherIntermediate", "otherLeaf"] as const)("does not trust a server by its %s", async (named) => {
    const { company } = certificates;
    const registry = await secureRegistry(company.server);

    const error = await faultOf(client({ ca: company[named] }).request(get(`${registry.url}/v2/`)));

    expect(error).toMatchObject({ fault: "tls", tls: "unknown-ca" });
    expect(registry.log).toEqual([]);
  });

  test("does not trust a server's own certificate for another name", async () => {
    const registry = await secureRegistry(certificates.wrongName);

    const error = await faultOf(client({ ca: certificates.wrongName.cert }).request(get(`${registry.url}/v2/`)));

    expect(error).toMatchObject({ fault: "tls", tls: "wrong-name" });
  });

  test.each([
    ["unknown-ca", "good", "otherCa"],
    ["expired", "expired", "ca"],
    ["wrong-name", "wrongName", "ca"],
  ] as const)("tells %s apart", async (problem, pair, ca) => {
    const registry = await secureRegistry(certificates[pair]);

    const error = await faultOf(client({ ca: certificates[ca] }).request(get(`${registry.url}/v2/`)));

    expect(error).toMatchObject({ fault: "tls", tls: problem });
    expect(registry.log).toEqual([]);
  });

  test("is verified whatever the environment says", async () => {
    const registry = await secureRegistry(certificates.good);
    const environment = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };

    expect(await faultOf(client({ environment }).request(get(`${registry.url}/v2/`)))).toMatchObject({ fault: "tls" });
  });

  test("shows a client certificate where one is wanted, and says so where there is none", async () => {
    const registry = await secureRegistry({ ...certificates.good, clientCa: certificates.ca });
    const { ca } = certificates;

    const response = await client({ ca, certificate: certificates.client }).request(get(`${registry.url}/v2/`));
    response.body.resume();
    const without = await faultOf(client({ ca }).request(get(`${registry.url}/v2/`)));

    expect(response.status).toBe(200);
    expect(without).toMatchObject({ fault: "tls", tls: "client" });
  });

  test("spoken to a port without it is told", async () => {
    const registry = await createTestRegistry();
    cleanUp.push(() => registry.close());

    const error = await faultOf(client().request(get(`https://${registry.host}/v2/`)));

    expect(error).toMatchObject({ fault: "tls", tls: "plain" });
  });

  test("with a key that is not PEM is refused with a word about it, and without the key", async () => {
    const http = client({ certificate: { cert: "nonsense", key: "very secret" } });

    const error = await faultOf(Promise.resolve().then(() => http.request(get("https://127.0.0.1:1/"))));

    expect(error).toMatchObject({ fault: "tls", tls: "client" });
    expect(error.message).not.toContain("very secret");
  });
});

describe("what can go wrong on the way", () => {
  test("a port nobody listens on", async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await cleanUp.pop()?.();

    expect(await faultOf(client().request(get(`http://127.0.0.1:${port}/`)))).toMatchObject({ fault: "refused" });
  });

  test("a name that does not exist", async () => {
    const error = await faultOf(client().request(get("http://does-not-exist.invalid/")));

    expect(error.fault).toBe("dns");
  });

  test("a connection that is reset before an answer", async () => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy())));

    expect(await faultOf(client().request(get(`http://127.0.0.1:${port}/`)))).toMatchObject({ fault: "reset" });
  });

  test("an answer that is not HTTP", async () => {
    const port = await listen(createTcpServer((socket) => void socket.end("SSH-2.0-OpenSSH_9.6\r\n")));

    expect(await faultOf(client().request(get(`http://127.0.0.1:${port}/`)))).toMatchObject({ fault: "protocol" });
  });

  test("headers without end", async () => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => void socket.write(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}\r\n`));
      }),
    );

    expect(await faultOf(client().request(get(`http://127.0.0.1:${port}/`)))).toMatchObject({ fault: "protocol" });
  });

  test("silence before the answer, and in the middle of it", async () => {
    const silent = await listen(createServer(() => undefined));
    const halfway = await listen(
      createServer((_, response) => void response.writeHead(200, { "content-length": "10" }).write("12345")),
    );

    const before = await faultOf(client().request(get(`http://127.0.0.1:${silent}/`, { idleTimeoutMs: 100 })));
    const response = await client().request(get(`http://127.0.0.1:${halfway}/`, { idleTimeoutMs: 100 }));
    const within = await faultOf(collect(response.body));

    expect(before.fault).toBe("stalled");
    expect(within.fault).toBe("stalled");
  });

  test("an end before all of it has come", async () => {
    const port = await listen(
      createServer((_, response) => {
        response.writeHead(200, { "content-length": "10" }).write("12345", () => response.socket?.destroy());
      }),
    );

    const response = await client().request(get(`http://127.0.0.1:${port}/`));

    expect(await faultOf(collect(response.body))).toMatchObject({ fault: "reset" });
  });

  test("being given up, while it runs and before", async () => {
    const stop = new AbortController();
    const port = await listen(createServer(() => stop.abort()));
    const url = `http://127.0.0.1:${port}/`;

    expect(await faultOf(client().request(get(url, { signal: stop.signal })))).toMatchObject({ fault: "aborted" });
    expect(await faultOf(client().request(get(url, { signal: stop.signal })))).toMatchObject({ fault: "aborted" });
  });
});

describe("a body that is sent", () => {
  const put = (port: number, body: HttpRequest["body"], options: Partial<HttpRequest> = {}): HttpRequest =>
    get(`http://127.0.0.1:${port}/`, { method: "PUT", ...(body === undefined ? {} : { body }), ...options });

  test("has the length it was said to have, or fails", async () => {
    const port = await listen(
      createServer((request, response) => {
        request.resume();
        request.on("end", () => response.end(request.headers["content-length"]));
      }),
    );
    const of = (size: number): HttpRequest => put(port, { size, stream: Readable.from([Buffer.from("12345")]) });

    const exact = await client().request(of(5));

    expect((await collect(exact.body)).toString()).toBe("5");
    expect(await faultOf(client().request(of(4)))).toMatchObject({ fault: "protocol" });
    expect(await faultOf(client().request(of(6)))).toMatchObject({ fault: "protocol" });
  });

  test("whose source fails gives the source's own error", async () => {
    const port = await listen(createServer((request) => void request.resume()));
    const broken = new Error("part 2 is damaged");
    const stream = new Readable({ read: (): void => void stream.destroy(broken) });

    await expect(client().request(put(port, { size: 5, stream }))).rejects.toBe(broken);
  });

  test("whose source is closed without an end fails at once", async () => {
    const stream = new Readable({ read: () => undefined });
    stream.push(Buffer.alloc(10));
    const port = await listen(createServer((request) => void request.once("data", () => stream.destroy())));

    const error = await faultOf(client().request(put(port, { size: 100, stream })));

    expect(error.message).toMatch(/ends 90 bytes before its 100/);
  });

  test("is not sent on when the answer comes first, and the next request works", async () => {
    const port = await listen(
      createServer((request, response) => {
        if (request.method === "PUT") response.writeHead(413).end("too large");
        else response.end("fine");
      }),
    );
    let sent = 0;
    const endless = new Readable({ read: (): void => void endless.push(Buffer.alloc(65_536)) });
    const http = client({ connections: 1 });

    const response = await http.request(
      put(port, { size: 1e12, stream: endless }, { onSent: (bytes) => void (sent += bytes) }),
    );
    const said = (await collect(response.body)).toString();
    const next = await http.request(get(`http://127.0.0.1:${port}/`));

    expect([response.status, said]).toEqual([413, "too large"]);
    expect(endless.destroyed).toBe(true);
    expect(sent).toBeLessThan(100_000_000);
    expect((await collect(next.body)).toString()).toBe("fine");
  });

  test("that the other side stops reading is a stall", async () => {
    const port = await listen(createTcpServer((socket) => void socket.pause()));
    const endless = new Readable({ read: (): void => void endless.push(Buffer.alloc(65_536)) });

    const error = await faultOf(client().request(put(port, { size: 1e12, stream: endless }, { idleTimeoutMs: 200 })));

    expect(error.fault).toBe("stalled");
    expect(endless.destroyed).toBe(true);
  });

  test("that comes slowly from its source is not a stall", async () => {
    const port = await listen(
      createServer((request, response) => {
        request.resume();
        request.on("end", () => response.end("done"));
      }),
    );
    const slow = new Readable({ read: () => undefined });
    setTimeout(() => slow.push("12345") && slow.push(null), 400);

    const response = await client().request(put(port, { size: 5, stream: slow }, { idleTimeoutMs: 100 }));

    expect((await collect(response.body)).toString()).toBe("done");
  });
});

test("an answer whose reader is slow is not a stall", async () => {
  const body = Buffer.alloc(5_000_000, 7);
  const port = await listen(createServer((_, response) => response.end(body)));
  const response = await client().request(get(`http://127.0.0.1:${port}/`, { idleTimeoutMs: 100 }));

  await new Promise((resolve) => setTimeout(resolve, 400));

  expect((await collect(response.body)).equals(body)).toBe(true);
});

test("a pause of this process itself is not taken for one of the other side", async () => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const port = await listen(
    createServer((_, response) => {
      Atomics.wait(pause, 0, 0, 400);
      response.end("here");
    }),
  );

  const response = await client().request(get(`http://127.0.0.1:${port}/`, { idleTimeoutMs: 100 }));

  expect((await collect(response.body)).toString()).toBe("here");
});

test("connections are kept, and never more than allowed", async () => {
  let connections = 0;
  const server = createServer((_, response) => void setImmediate(() => response.end("x")));
  server.on("connection", () => (connections += 1));
  const port = await listen(server);
  const http = client({ connections: 3 });

  const all = Array.from({ length: 30 }, async () =>
    collect((await http.request(get(`http://127.0.0.1:${port}/`))).body),
  );
  await Promise.all(all);

  expect(connections).toBe(3);
});

describe("a proxy", () => {
  /** Tunnels by CONNECT when the password is right, to this machine whatever the name; else 407. */
  async function proxy(server: Server = createServer()): Promise<{ port: number; asked: string[] }> {
    const asked: string[] = [];
    const right = `Basic ${Buffer.from("me:right").toString("base64")}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const passes = request.headers["proxy-authorization"] === right;
      response.writeHead(passes ? 200 : 407).end(passes ? "through the proxy" : "");
    });
    server.on("connect", (request: IncomingMessage, socket: Duplex) => {
      asked.push(`CONNECT ${request.url ?? ""}`);
      socket.on("error", () => undefined);
      if (request.headers["proxy-authorization"] !== right) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n");
        return;
      }
      const [, target] = (request.url ?? "").split(":");
      const upstream = connect(Number(target), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      cleanUp.push(() => void upstream.destroy());
    });
    return { port: await listen(server), asked };
  }

  /** A registry that its proxy knows as `registry.example`. */
  async function registryBehind(): Promise<{ readonly url: string; readonly authority: string }> {
    const registry = await secureRegistry(certificates.wrongName);
    const authority = `registry.example:${new URL(registry.url).port}`;
    return { url: `https://${authority}/v2/`, authority };
  }

  test("is spoken to as the environment says, by tunnel for https", async () => {
    const { url, authority } = await registryBehind();
    const { port, asked } = await proxy();
    const http = client({ ca: certificates.ca, environment: { HTTPS_PROXY: `http://me:right@127.0.0.1:${port}` } });

    const response = await http.request(get(url));
    response.body.resume();

    expect(response.status).toBe(200);
    expect(asked).toEqual([`CONNECT ${authority}`]);
  });

  test("is used without a scheme too", async () => {
    const { url, authority } = await registryBehind();
    const { port, asked } = await proxy();
    const http = client({ ca: certificates.ca, environment: { https_proxy: `me:right@127.0.0.1:${port}` } });

    (await http.request(get(url))).body.resume();

    expect(asked).toEqual([`CONNECT ${authority}`]);
  });

  test("is told of an answer that may be its own", async () => {
    const { port, asked } = await proxy();
    const http = client({ environment: { HTTP_PROXY: `http://me:right@127.0.0.1:${port}` } });

    const response = await http.request(get("http://registry.example/v2/"));

    expect((await collect(response.body)).toString()).toBe("through the proxy");
    expect(response.proxy).toBe(`the proxy 127.0.0.1:${port} (HTTP_PROXY)`);
    expect(asked).toEqual(["GET http://registry.example/v2/"]);
  });

  test("is never asked for this machine itself", async () => {
    const registry = await secureRegistry(certificates.good);
    const { port, asked } = await proxy();
    const http = client({ ca: certificates.ca, environment: { https_proxy: `http://127.0.0.1:${port}` } });

    const response = await http.request(get(`${registry.url}/v2/`));
    response.body.resume();

    expect(response.status).toBe(200);
    expect(asked).toEqual([]);
  });

  test.each(["registry.invalid", "*.invalid", "*"])("is passed by for %s of NO_PROXY", async (noProxy) => {
    const { port, asked } = await proxy();
    const http = client({ environment: { https_proxy: `http://127.0.0.1:${port}`, no_proxy: noProxy } });

    expect((await faultOf(http.request(get("https://registry.invalid/v2/")))).fault).toBe("dns");
    expect(asked).toEqual([]);
  });

  test.each(["https", "http"])(
    "that wants a password is told apart for %s (407), and the password kept quiet",
    async (scheme) => {
      const { port } = await proxy();
      const address = `http://me:wrong-password@127.0.0.1:${port}`;
      const http = client({ environment: { HTTPS_PROXY: address, HTTP_PROXY: address } });

      const error = await faultOf(http.request(get(`${scheme}://registry.example/v2/`)));

      expect(error.fault).toBe("proxy");
      expect(error.message).toContain("407");
      expect(error.message).toContain(`127.0.0.1:${port} (${scheme.toUpperCase()}_PROXY)`);
      expect(`${error.message} ${String(error.cause)}`).not.toContain("wrong-password");
    },
  );

  test.each([
    ["https", "HTTPS_PROXY"],
    ["http", "http_proxy"],
  ])("that nothing answers at is named for %s, not the registry", async (scheme, variable) => {
    const port = await listen(createTcpServer());
    await cleanUp.pop()?.();
    const http = client({ environment: { [variable]: `http://me:s3cret@127.0.0.1:${port}` } });

    const error = await faultOf(http.request(get(`${scheme}://registry.example/v2/`)));

    expect(error).toMatchObject({ fault: "proxy", code: "ECONNREFUSED" });
    expect(error.cause).toBeUndefined();
    expect(error.message).toBe(
      `the proxy 127.0.0.1:${port} (${variable}) cannot be reached: nothing answers there (ECONNREFUSED)`,
    );
  });

  test.each(["https", "http"])("whose name is not known is named for %s", async (scheme) => {
    const address = "http://me:s3cret@proxy.invalid:3128";
    const http = client({ environment: { HTTPS_PROXY: address, HTTP_PROXY: address } });

    const error = await faultOf(http.request(get(`${scheme}://registry.example/v2/`)));

    expect(error.fault).toBe("proxy");
    expect(error.message).toMatch(/^the proxy proxy\.invalid:3128 \(HTTPS?_PROXY\) cannot be reached: its name is not/);
  });

  test.each([
    ["403 Forbidden", "403"],
    ["503 Service Unavailable", "503"],
  ])("that answers %s does not connect, and is named", async (status, code) => {
    const server = createServer();
    server.on("connect", (_, socket) => socket.end(`HTTP/1.1 ${status}\r\n\r\n`));
    const port = await listen(server);
    const http = client({ environment: { HTTPS_PROXY: `http://me:s3cret@127.0.0.1:${port}` } });

    const error = await faultOf(http.request(get("https://registry.example/v2/")));

    expect(error).toMatchObject({ fault: "proxy", code });
    expect(error.cause).toBeUndefined();
    expect(error.message).toBe(
      `the proxy 127.0.0.1:${port} (HTTPS_PROXY) does not connect to registry.example (${code})`,
    );
  });

  test("that closes the connection instead of tunnelling is named", async () => {
    const server = createServer();
    server.on("connect", (_, socket) => socket.end());
    const port = await listen(server);
    const http = client({ environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });

    const error = await faultOf(http.request(get("https://registry.example/v2/")));

    expect(error.fault).toBe("proxy");
    expect(error.message).toContain(`127.0.0.1:${port} (HTTPS_PROXY) does not connect to registry.example`);
  });

  test("is said to be on the way of a TLS failure behind it", async () => {
    const { url } = await registryBehind();
    const { port } = await proxy();
    const environment = { HTTPS_PROXY: `http://me:right@127.0.0.1:${port}` };

    const error = await faultOf(client({ ca: certificates.otherCa, environment }).request(get(url)));

    expect(error).toMatchObject({ fault: "tls", tls: "unknown-ca" });
    expect(error.proxy).toBe(`the proxy 127.0.0.1:${port} (HTTPS_PROXY)`);
  });

  describe("of its own TLS", () => {
    const targets = ["http://registry.example/v2/", "https://registry.example/v2/"];

    test.each(targets)("that cannot be trusted is named, and not %s behind it", async (url) => {
      const port = new URL((await secureRegistry(certificates.good)).url).port;
      const variable = url.startsWith("https") ? "HTTPS_PROXY" : "HTTP_PROXY";
      const http = client({ environment: { [variable]: `https://me:s3cret@127.0.0.1:${port}` } });

      const error = await faultOf(http.request(get(url)));

      expect(error).toMatchObject({ fault: "proxy", tls: "unknown-ca" });
      expect(error.proxy).toBe(`the proxy 127.0.0.1:${port} (${variable})`);
      expect(error.message).toContain(`TLS with the proxy 127.0.0.1:${port} (${variable}) failed`);
      expect(error.message).not.toContain("s3cret");
    });

    test.each(targets)("that does not speak it is named, and not %s behind it", async (url) => {
      const { port } = await proxy();
      const address = `https://127.0.0.1:${port}`;
      const http = client({ environment: { HTTPS_PROXY: address, HTTP_PROXY: address } });

      const error = await faultOf(http.request(get(url)));

      expect(error).toMatchObject({ fault: "proxy", tls: "plain" });
    });

    test("that is as it should be is not named for what is wrong with the certificate behind it", async () => {
      const before = getCACertificates("default");
      setDefaultCACertificates([...before, certificates.ca]);
      cleanUp.push(() => setDefaultCACertificates(before));
      const { port } = await proxy(createSecureServer(certificates.good));
      const registry = await secureRegistry(certificates.good);
      const url = `https://registry.example:${new URL(registry.url).port}/v2/`;
      const environment = { HTTPS_PROXY: `https://me:right@127.0.0.1:${port}` };

      const error = await faultOf(client({ environment }).request(get(url)));

      expect(error).toMatchObject({ fault: "tls", tls: "wrong-name" });
    });
  });

  test("that cannot be used is refused, and the body that was to be sent is closed", async () => {
    const http = client({ environment: { HTTPS_PROXY: "socks5://me:s3cret@proxy.corp:1080" } });
    const stream = new Readable({ read: () => undefined });
    const request = get("https://registry.example/v2/", { method: "PUT", body: { size: 5, stream } });

    const error = await faultOf(http.request(request));

    expect(error.fault).toBe("proxy");
    expect(error.message).toMatch(/proxy\.corp:1080 \(HTTPS_PROXY\).*socks5.*registry\.example/);
    expect(error.message).not.toContain("s3cret");
    expect(stream.destroyed).toBe(true);
  });
});
