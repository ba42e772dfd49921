import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  makeTestCertificates,
  type TestCertificates,
} from "../../installer/test/stand-ins/registry/test-certificates.ts";
import { accessFrom, type ClusterAccess, markDone } from "./mark-done.ts";

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
}

let certificates: TestCertificates["company"];
let folder: string;
let server: Server;
let asked: Asked[];
/** What the API server answers, one after the other; the last one stays. */
let answers: (readonly [number, object | string])[];

beforeAll(async () => {
  certificates = (await makeTestCertificates()).company;
  folder = mkdtempSync(join(tmpdir(), "slipway-mark-"));
  writeFileSync(join(folder, "ca.crt"), certificates.root);
  writeFileSync(join(folder, "namespace"), "platform");
  server = createServer(certificates.server, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

beforeEach(() => {
  asked = [];
  answers = [[200, { kind: "ConfigMap" }]];
  writeFileSync(join(folder, "token"), "first-token\n");
});

afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  rmSync(folder, { recursive: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = "";
  for await (const part of request) body += String(part);
  const { method, url, headers } = request;
  asked.push({ method, url, type: headers["content-type"], token: headers.authorization, body });
  const [status, text] = answers.length > 1 ? (answers.shift() ?? [500, ""]) : (answers[0] ?? [500, ""]);
  response.writeHead(status).end(typeof text === "string" ? text : JSON.stringify(text));
}

const mark = { configMap: "slipway-roles-done", value: "0123abcd.4567ef" };

function access(change: Partial<ClusterAccess> = {}): ClusterAccess {
  const { port } = server.address() as AddressInfo;
  return { host: "127.0.0.1", port: String(port), folder, seconds: 5, ...change };
}

const quiet = (): void => undefined;

describe("markDone", () => {
  test("patches the key of the ConfigMap and nothing else, with the pod's token", async () => {
    await markDone(mark, access(), quiet);

    expect(asked).toEqual([
      {
        method: "PATCH",
        url: "/api/v1/namespaces/platform/configmaps/slipway-roles-done?fieldManager=slipway-mark-done",
        type: "application/merge-patch+json",
        token: "Bearer first-token",
        body: '{"data":{"done":"0123abcd.4567ef"}}',
      },
    ]);
  });

  test.each([429, 409, 500, 503])("asks again while the answer is %i, with the token as it is then", async (status) => {
    answers = [
      [status, { kind: "Status", message: "later" }],
      [200, {}],
    ];
    const lines: string[] = [];

    await markDone(mark, access(), (line) => {
      lines.push(line);
      writeFileSync(join(folder, "token"), "second-token");
    });

    expect(asked.map(({ token }) => token)).toEqual(["Bearer first-token", "Bearer second-token"]);
    expect(lines.join()).toContain(`${status} later`);
  });

  test.each([
    [401, "Unauthorized", /does not know the token/],
    [403, 'configmaps "slipway-roles-done" is forbidden', /Role and RoleBinding come with the release/],
    [404, 'configmaps "slipway-roles-done" not found', /comes with the release/],
  ])("says what a %i means, once", async (status, message, advice) => {
    answers = [[status, { kind: "Status", message }]];

    await expect(markDone(mark, access(), quiet)).rejects.toMatchObject({
      message: `the ConfigMap platform/slipway-roles-done could not be marked: ${status} ${message}`,
      advice: expect.stringMatching(advice) as string,
    });
    expect(asked).toHaveLength(1);
  });

  test("sends its token to nobody whose certificate the cluster's authority has not signed", async () => {
    const other = mkdtempSync(join(tmpdir(), "slipway-mark-"));
    for (const name of ["namespace", "token"]) writeFileSync(join(other, name), "x");
    writeFileSync(join(other, "ca.crt"), certificates.otherIntermediate);

    await expect(markDone(mark, access({ folder: other }), quiet)).rejects.toMatchObject({
      code: expect.stringMatching(/^UNABLE_TO_/) as string,
    });

    expect(asked).toEqual([]);
    rmSync(other, { recursive: true });
  });

  test("gives up on an API server that is not there", async () => {
    const work = markDone(mark, access({ port: "1", seconds: 1 }), quiet);

    await expect(work).rejects.toThrow("the API server at 127.0.0.1:1 did not answer within 1 s");
  });
});

test("outside a cluster there is no API server to ask", () => {
  expect(() => accessFrom({})).toThrow("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
});
