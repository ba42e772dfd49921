import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { connectTo } from "../../test/stand-ins/registry/connect.ts";
import { mediaTypes } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test("an answer without end does not keep its connection from the requests after it", { timeout: 10_000 }, async () => {
  const endless = (): Readable => new Readable({ read: () => undefined });
  server = createServer((request, response) => {
    request.resume();
    if (request.method !== "PUT") {
      response.writeHead(404, { "content-length": "0" }).end();
      return;
    }
    response.writeHead(201, {});
    const body = endless();
    const more = setInterval(() => body.push(Buffer.alloc(256 * 1024)), 1);
    response.once("close", () => clearInterval(more));
    body.pipe(response);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = connectTo({ host: `127.0.0.1:${port}` }, { connections: 1, plainHttp: true });
  const bytes = Buffer.from("{}");
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };

  await client.putManifest("team/app", "1.0", { descriptor, bytes });

  expect(await client.headManifest("team/app", "2.0")).toBeUndefined();
  client.close();
});
