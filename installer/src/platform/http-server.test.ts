import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { startHttpServer } from "./http-server.ts";

describe("the HTTP server", () => {
  it("answers on a free port of the address and ends with everything open", async () => {
    const server = await startHttpServer(
      (request) =>
        Promise.resolve({ status: 200, headers: {}, body: Buffer.from(`${request.method} ${request.target}`) }),
      { host: "127.0.0.1", port: 0 },
    );

    const text = await (await fetch(`${server.url}/v2/?a=b`)).text();
    await server.close();

    expect(text).toBe("GET /v2/?a=b");
    await expect(fetch(`${server.url}/`)).rejects.toThrow();
  });

  it("cuts the connection when a stream fails half way, and says why to the log", async () => {
    const errors: string[] = [];
    const body = (): Readable =>
      Readable.from(
        (function* () {
          yield Buffer.from("half");
          throw new Error("the blob has another digest");
        })(),
      );
    const server = await startHttpServer(
      () => Promise.resolve({ status: 200, headers: { "content-length": "8" }, body: body() }),
      { host: "127.0.0.1", port: 0, onError: (error) => errors.push(error.message) },
    );

    const read = fetch(`${server.url}/`).then((response) => response.text());

    await expect(read).rejects.toThrow();
    await server.close();
    expect(errors).toEqual(["the blob has another digest"]);
  });

  it("answers 500 without details when there is no answer", async () => {
    const server = await startHttpServer(() => Promise.reject(new Error("inside")), { host: "127.0.0.1", port: 0 });

    const response = await fetch(`${server.url}/`);

    expect([response.status, await response.text()]).toEqual([500, ""]);
    await server.close();
  });

  it("answers 500 where the headers of an answer cannot be sent, and goes on", async () => {
    const errors: string[] = [];
    let first = true;
    const server = await startHttpServer(
      () => {
        const headers = first ? { "content-type": "application/json\r\nx-injected: yes" } : {};
        first = false;
        return Promise.resolve({ status: 200, headers, body: Buffer.from("{}") });
      },
      { host: "127.0.0.1", port: 0, onError: (error) => errors.push(error.message) },
    );

    const refused = await fetch(`${server.url}/`);
    const next = await fetch(`${server.url}/`);
    await server.close();

    expect([refused.status, refused.headers.get("x-injected")]).toEqual([500, null]);
    expect(next.status).toBe(200);
    expect(errors).toEqual([expect.stringContaining("Invalid character in header")]);
  });

  it("ends a connection whose reader takes nothing for a while", async () => {
    const body = Readable.from(Array(64).fill(Buffer.alloc(1024 * 1024)));
    const server = await startHttpServer(() => Promise.resolve({ status: 200, headers: {}, body }), {
      host: "127.0.0.1",
      port: 0,
      idleTimeoutMs: 100,
    });
    const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    socket.on("error", () => undefined);
    await new Promise((resolve) => body.once("close", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    await closed;
    await server.close();

    expect(body.readableEnded).toBe(false);
    expect(socket.bytesRead).toBeLessThan(64 * 1024 * 1024);
  });

  it("survives what is not HTTP", async () => {
    const server = await startHttpServer(() => Promise.resolve({ status: 204, headers: {} }), {
      host: "127.0.0.1",
      port: 0,
    });
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("\x16\x03\x01\x00\x05hello\r\n\r\n"));
      socket.once("data", (data) => resolve(data.toString()));
      socket.on("error", () => resolve("HTTP/1.1 400"));
    });

    expect(answer).toContain("400");
    expect((await fetch(`${server.url}/`)).status).toBe(204);
    await server.close();
  });

  it("names an address it cannot have", async () => {
    const first = await startHttpServer(() => Promise.resolve({ status: 204, headers: {} }), {
      host: "127.0.0.1",
      port: 0,
    });

    const second = startHttpServer(() => Promise.resolve({ status: 204, headers: {} }), {
      host: "127.0.0.1",
      port: first.port,
    });

    await expect(second).rejects.toThrow(`127.0.0.1:${first.port}`);
    await first.close();
  });
});
