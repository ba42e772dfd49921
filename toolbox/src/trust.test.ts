import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeTestCertificates,
  type TestCertificates,
} from "../../installer/test/stand-ins/registry/test-certificates.ts";
import type { TlsWire } from "./contract.generated.ts";
import { sendHttp } from "./http-request.ts";
import { tlsCheck } from "./wires/tls.ts";
import type { WireContext } from "./wires/wire-check.ts";

let certificates: TestCertificates["company"];
let folder: string;
let server: Server;

beforeAll(async () => {
  certificates = (await makeTestCertificates()).company;
  folder = mkdtempSync(join(tmpdir(), "slipway-trust-"));
  for (const [name, pem] of Object.entries(certificates)) {
    if (typeof pem === "string") writeFileSync(join(folder, name), pem);
  }
  server = createServer(certificates.server, (_, response) => response.end("here"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  rmSync(folder, { recursive: true });
});

const port = (): number => (server.address() as AddressInfo).port;

test("a server that is connected to by another name is judged by the address of the request", async () => {
  const answer = await sendHttp({
    url: `https://127.0.0.1:${port()}/`,
    resolve: `localhost:${port()}`,
    caFile: join(folder, "root"),
  });

  expect(answer.body.toString()).toBe("here");
  await expect(
    sendHttp({ url: "https://127.0.0.2/", resolve: `127.0.0.1:${port()}`, caFile: join(folder, "root") }),
  ).rejects.toThrow("127.0.0.2 is not in the cert's list");
});

describe.each(["root", "intermediate", "leaf"])("a server is trusted by the %s of its chain alone", (named) => {
  test("in a request", async () => {
    const answer = await sendHttp({ url: `https://127.0.0.1:${port()}/`, caFile: join(folder, named) });

    expect(answer.body.toString()).toBe("here");
  });

  test("in the proof of TLS itself", async () => {
    const notes: string[] = [];
    const ends: (() => Promise<void> | void)[] = [];
    const wire: TlsWire = {
      kind: "tls",
      name: "t",
      from: "a",
      to: "b",
      host: "127.0.0.1",
      port: port(),
      servername: "localhost",
      caFile: join(folder, named),
    };
    const context: WireContext = {
      note: (text) => void notes.push(text),
      atEnd: (end) => void ends.push(end),
      signal: new AbortController().signal,
    };

    await tlsCheck.prove(wire, context);
    for (const end of ends) await end();

    expect(notes.join()).toMatch(/chain and name are right, .*older versions are refused/);
  });
});

test.each(["otherIntermediate", "otherLeaf"])("a server is not trusted by its %s", async (named) => {
  const work = sendHttp({ url: `https://127.0.0.1:${port()}/`, caFile: join(folder, named) });

  await expect(work).rejects.toMatchObject({ code: expect.stringMatching(/^UNABLE_TO_/) as string });
});
