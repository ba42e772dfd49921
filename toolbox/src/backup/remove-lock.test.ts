import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackupRepository } from "../contract.generated.ts";
import { removeLock } from "./remove-lock.ts";
import { writeRepositoryFiles } from "./restic-repository.ts";

let folder: string;
let server: Server;
let address: string;
let status: number;
const asked: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-lock-"));
  [status] = [204];
  asked.splice(0);
  server = createServer(({ method, url, headers }, answer) => {
    asked.push(`${method ?? ""} ${url ?? ""} ${(headers.authorization ?? "").split(" ")[0] ?? ""}`);
    answer.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const password = "opens the repository";
const kinds: readonly [string, () => BackupRepository, string][] = [
  [
    "rest-server",
    () => ({ kind: "rest", url: `${address}/slipway`, login: { user: "u", password: "p" }, password }),
    "DELETE /slipway/locks/1a2b Basic",
  ],
  [
    "bucket",
    () => ({
      ...{ kind: "s3", endpoint: address, bucket: "backups", prefix: "hub/main", accessKey: "k", secretKey: "s" },
      password,
    }),
    "DELETE /backups/hub/main/locks/1a2b AWS4-HMAC-SHA256",
  ],
];

describe.each(kinds)("a lock of a dead run on a %s", (_, repository, request) => {
  const remove = (): Promise<void> => {
    const files = writeRepositoryFiles(repository(), folder);
    return removeLock({ repository: repository(), shown: "the place", files }, "1a2b");
  };

  it.each([200, 204, 404])("is gone after the answer %i", async (answered) => {
    status = answered;

    await remove();

    expect(asked).toEqual([request]);
  });

  it("stays where the credential may not remove it, which is said", async () => {
    status = 403;

    await expect(remove()).rejects.toMatchObject({ name: "RepositoryCredentialError" });
  });

  it("stays where the server is not well", async () => {
    status = 500;

    await expect(remove()).rejects.toThrow("a dead run could not be removed from the place: it answers 500");
  });
});
