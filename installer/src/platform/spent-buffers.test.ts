import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { createHttp } from "./http-client.ts";
import { giveAway } from "./spent-buffers.ts";

async function uploadTo(stream: Readable, size: number): Promise<Buffer> {
  const received: Buffer[] = [];
  const server = createServer((incoming: IncomingMessage, outgoing) => {
    incoming.on("data", (chunk: Buffer) => received.push(chunk));
    incoming.on("end", () => outgoing.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const http = createHttp({ connections: 1, environment: {} });
  try {
    const answer = await http.request({
      method: "PUT",
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      headers: {},
      body: { size, stream },
      idleTimeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    answer.body.resume();
  } finally {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return Buffer.concat(received);
}

it("sends the whole of a buffer before its memory is given back", async () => {
  const chunks = Array.from({ length: 64 }, (_unused, index) => Buffer.alloc(1024 * 1024, index));
  const expected = Buffer.concat(chunks);
  const given = chunks.map((chunk) => giveAway(chunk));

  const received = await uploadTo(Readable.from(given), expected.length);

  expect(received.equals(expected)).toBe(true);
  expect(chunks.every((chunk) => chunk.length === 0)).toBe(true);
});

it("leaves a buffer alone that nobody gave away", async () => {
  const kept = Buffer.alloc(1024 * 1024, 7);

  await uploadTo(Readable.from([kept]), kept.length);

  expect(kept.length).toBe(1024 * 1024);
});
