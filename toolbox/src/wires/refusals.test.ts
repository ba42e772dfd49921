/**
 * Servers that let in whom they must not: the wires must fail on them. What the wires prove on right servers is
 * proved with the real ones by the end-to-end tests.
 */
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import ssh2 from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import type { S3Wire, Wire } from "../contract.generated.ts";
import type { WireResult } from "../contract.ts";
import { redactor, secretsOf } from "../redact.ts";
import { verifyWires } from "../verify-wires.ts";

const running: { close: () => unknown }[] = [];

afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function listenHttp(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createHttpServer(listener))}`;
}

async function prove(wire: Wire): Promise<WireResult> {
  const [result] = await verifyWires([wire], redactor(secretsOf(wire)), () => undefined);
  if (result === undefined) throw new Error("no result");
  return result;
}

const identity = { name: "app -> store", from: "app", to: "store" };

describe("redis wire", () => {
  /** Speaks enough of RESP 2 for the wire; `password` undefined lets everybody in. */
  function redis(password: string | undefined): Server {
    const store = new Map<string, string>();
    return createServer((socket: Socket) => {
      let loggedIn = password === undefined;
      const answer = ([name = "", key = "", value = ""]: readonly string[]): string => {
        if (name === "AUTH") {
          loggedIn = password === undefined || [key, value].includes(password);
          return loggedIn ? "+OK\r\n" : "-WRONGPASS invalid username-password pair\r\n";
        }
        return loggedIn ? execute(store, name, key, value) : "-NOAUTH Authentication required.\r\n";
      };
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        const words = data.toString().split("\r\n");
        for (let at = 0; at < words.length - 1; ) {
          const length = Number(words[at]?.slice(1)) * 2;
          socket.write(answer(words.slice(at + 1, at + 1 + length).filter((_word, index) => index % 2 === 1)));
          at += 1 + length;
        }
      });
    });
  }

  function execute(store: Map<string, string>, name: string, key: string, value: string): string {
    switch (name) {
      case "SET":
        store.set(key, value);
        return "+OK\r\n";
      case "GET":
        return bulk(store.get(key));
      case "TTL":
        return ":59\r\n";
      case "DEL":
        return store.delete(key) ? ":1\r\n" : ":0\r\n";
      default:
        return "+OK\r\n";
    }
  }

  function bulk(value: string | undefined): string {
    return value === undefined ? "$-1\r\n" : `$${value.length}\r\n${value}\r\n`;
  }

  const wire = { kind: "redis", ...identity, host: "127.0.0.1", password: "redis-password" } as const;

  it("passes on a server that asks for the password", async () => {
    const port = await listen(redis("redis-password"));

    const result = await prove({ ...wire, port });

    expect(result).toMatchObject({ ok: true, address: `127.0.0.1:${port}` });
    expect(result.details).toContain("refused without a password");
  });

  it("fails on a server that lets in without a password", async () => {
    const port = await listen(redis(undefined));

    const result = await prove({ ...wire, port });

    expect(result).toMatchObject({ ok: false, error: "the server answers without a password" });
    expect(result.cause).toContain("requirepass");
  });

  it("names a wrong password as such", async () => {
    const port = await listen(redis("another-password"));

    const result = await prove({ ...wire, port });

    expect(result.ok).toBe(false);
    expect(result.cause).toContain("wrong password");
  });
});

describe("registry wire", () => {
  const wire = { kind: "registry", ...identity, user: "registry", password: "registry-password" } as const;

  it("fails on a registry that asks for no login", async () => {
    const url = await listenHttp((_request, response) => response.writeHead(200).end("{}"));

    const result = await prove({ ...wire, url });

    expect(result).toMatchObject({ ok: false, error: "the registry answers without a login" });
  });

  it("fails on a registry that takes any password", async () => {
    const url = await listenHttp((request, response) => {
      if (request.headers.authorization === undefined) response.setHeader("www-authenticate", 'Basic realm="r"');
      response.writeHead(request.headers.authorization === undefined ? 401 : 200).end();
    });

    const result = await prove({ ...wire, url });

    expect(result).toMatchObject({ ok: false, error: "the registry takes a wrong password" });
  });

  it("does not print a login that the server sends back", async () => {
    const url = await listenHttp((request, response) => {
      const given = request.headers.authorization ?? "";
      const right = Buffer.from("registry:registry-password").toString("base64");
      response.setHeader("www-authenticate", 'Basic realm="r"');
      response
        .writeHead(given.endsWith(right) ? 500 : 401)
        .end(`you sent ${given} ${Buffer.from(given.slice(6), "base64").toString()}`);
    });

    const result = await prove({ ...wire, url });

    expect(result.error).toContain("answered 500 you sent");
    expect(JSON.stringify(result)).not.toContain("registry-password");
    expect(JSON.stringify(result)).not.toContain(
      Buffer.from("registry:registry-password").toString("base64").slice(12, -4),
    );
  });
});

describe("s3 wire", () => {
  interface Openness {
    readonly toOtherBuckets: boolean;
    readonly toAnybody: boolean;
  }

  function denied(response: Parameters<RequestListener>[1]): void {
    response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>");
  }

  function store(open: Openness): RequestListener {
    const objects = new Map<string, Buffer>();
    return (request: IncomingMessage, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://store");
      const signed = request.headers.authorization !== undefined || searchParams.has("X-Amz-Signature");
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const own = /^\/own(\/|$)/.test(pathname);
        if ((!signed && !open.toAnybody) || (!own && !open.toOtherBuckets)) denied(response);
        else if (request.method === "PUT") response.end(void objects.set(pathname, Buffer.concat(chunks)));
        else if (request.method === "DELETE") response.writeHead(204).end(objects.delete(pathname) && "");
        else if (pathname.split("/").length < 3) response.end("<ListBucketResult></ListBucketResult>");
        else if (objects.has(pathname)) response.end(objects.get(pathname));
        else response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
      });
    };
  }

  async function proveStore(open: Openness): Promise<WireResult> {
    const endpoint = await listenHttp(store(open));
    const keys = { region: "r", accessKey: "key", secretKey: "secret-of-key" };
    const wire: S3Wire = {
      kind: "s3",
      ...identity,
      ...keys,
      endpoint,
      publicEndpoint: endpoint,
      bucket: "own",
      deniedBuckets: ["foreign"],
    };
    return prove(wire);
  }

  it("passes on a store that keeps others out", async () => {
    const result = await proveStore({ toOtherBuckets: false, toAnybody: false });

    expect(result).toMatchObject({ ok: true });
    expect(result.details).toContain("denied on foreign");
  });

  it("fails on a store where the key reaches another service's bucket", async () => {
    const result = await proveStore({ toOtherBuckets: true, toAnybody: false });

    expect(result).toMatchObject({ ok: false, error: "putting into foreign was allowed" });
  });

  it("fails on a store that needs no key", async () => {
    const result = await proveStore({ toOtherBuckets: false, toAnybody: true });

    expect(result).toMatchObject({ ok: false, error: "getting an object of own without a key was allowed" });
  });
});

describe("ssh wire", () => {
  const { private: hostKey, public: hostPublic } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });

  async function proveSsh(
    accepts: readonly string[],
    offers: readonly string[],
    hostKeys: readonly string[],
  ): Promise<WireResult> {
    const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
      client.on("error", () => undefined);
      client.on("authentication", (attempt) => {
        if (accepts.includes(attempt.method)) attempt.accept();
        else attempt.reject(offers as ("publickey" | "password")[]);
      });
    });
    running.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return prove({ kind: "ssh", ...identity, host: "127.0.0.1", port, hostKeys });
  }

  it("passes on a server with our host key that refuses a strange key", async () => {
    expect(await proveSsh([], ["publickey"], [hostPublic])).toMatchObject({ ok: true });
  });

  it("fails on a server that accepts any key", async () => {
    const result = await proveSsh(["publickey"], ["publickey"], [hostPublic]);

    expect(result).toMatchObject({ ok: false, error: "a key made just now was accepted" });
  });

  it("fails on a server that lets in without anything", async () => {
    expect(await proveSsh(["none"], ["publickey"], [hostPublic])).toMatchObject({ ok: false });
  });

  it("fails on a server that offers passwords", async () => {
    const result = await proveSsh([], ["publickey", "password"], [hostPublic]);

    expect(result).toMatchObject({ ok: false, error: "the server offers login by password" });
  });

  it("fails on a server with another host key", async () => {
    const result = await proveSsh([], ["publickey"], [ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).public]);

    expect(result).toMatchObject({ ok: false, error: "the server's host key (ecdsa-sha2-nistp256) is none of ours" });
  });
});

describe("any wire", () => {
  it("names the cause when nothing listens", async () => {
    const port = await listen(createServer());
    running.pop()?.close();

    const result = await prove({ kind: "route", ...identity, url: `http://127.0.0.1:${port}/`, expectStatus: 200 });

    expect(result).toMatchObject({ ok: false, address: `http://127.0.0.1:${port}/` });
    expect(result.cause).toContain("nothing listens there");
  });

  it("reports each wire once, whatever the others do", async () => {
    const url = await listenHttp((_request, response) => response.end("ok"));
    const route = { kind: "route", from: "edge", to: "page", expectStatus: 200 } as const;
    const wires: Wire[] = [
      { ...route, name: "good", url, expectBody: "ok" },
      { ...route, name: "bad", url, expectBody: "something else" },
      { ...route, name: "header", url, expectHeader: { "x-missing": true } },
    ];
    const reported: string[] = [];

    const results = await verifyWires(
      wires,
      (line) => line,
      (result) => reported.push(result.wire),
    );

    expect(results.map(({ wire, ok }) => [wire, ok])).toEqual([
      ["good", true],
      ["bad", false],
      ["header", false],
    ]);
    expect(reported.sort()).toEqual(["bad", "good", "header"]);
  });
});
