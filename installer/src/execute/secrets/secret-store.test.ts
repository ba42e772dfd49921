import bcrypt from "bcryptjs";
import { beforeEach, describe, expect, test } from "vitest";
import {
  createMemoryFileSystem,
  createSeededRandom,
  createStillClock,
  type MemoryFileSystem,
} from "../../../test/support/memory-ports.ts";
import type { SecretGenerator, SecretSpec } from "../../plan/model.ts";
import { stateLayout } from "../state/layout.ts";
import { type AppliedRecord, openApplied } from "../state/state-store.ts";
import { ensureSecrets, readSecrets, type SecretRequest, secretsThatExist } from "./secret-store.ts";

const folder = "/state/secrets";
const dayMs = 86_400_000;
let fs: MemoryFileSystem;
let record: AppliedRecord;
const clock = createStillClock();
const points: string[] = [];
const ports = () => ({ fs, clock, random: createSeededRandom(), failpoint: (name: string) => void points.push(name) });

beforeEach(async () => {
  fs = createMemoryFileSystem({ "/given/key": "from-a-file\n", "/given/empty": "\n" });
  record = await openApplied(fs, stateLayout("/state"));
  points.length = 0;
});

function spec(name: string, generator: SecretGenerator): SecretSpec {
  return { name, description: `the ${name}`, generator };
}

function request(specs: readonly SecretSpec[], fields: Partial<SecretRequest> = {}): SecretRequest {
  return {
    specs,
    folder,
    digestKey: "00".repeat(32),
    given: (path) => (path === "a.b" ? "typed" : undefined),
    dataExists: false,
    ...fields,
  };
}

const password = spec("password", { kind: "random", bytes: 24, encoding: "hex" });
const hash = spec("hash", { kind: "bcrypt", of: "password", htpasswdUser: "me" });

describe("secrets that are made", () => {
  test("are on disk, closed, before anybody gets them, and stay what they are", async () => {
    const first = await ensureSecrets(ports(), request([password]), record);
    const again = await ensureSecrets({ ...ports(), random: createSeededRandom("other") }, request([password]), record);

    expect(first.read({ name: "password" })).toMatch(/^[0-9a-f]{48}$/);
    expect(again.read({ name: "password" })).toBe(first.read({ name: "password" }));
    expect(fs.files.get(`${folder}/password`)?.mode).toBe(0o400);
    expect(fs.operations.filter((operation) => operation === `write ${folder}/password`)).toHaveLength(1);
    expect(points).toEqual(["secret:password"]);
  });

  test("are never made anew while data made with them exists", async () => {
    await ensureSecrets(ports(), request([password]), record);
    await fs.remove(`${folder}/password`);

    await expect(ensureSecrets(ports(), request([password], { dataExists: true }), record)).rejects.toMatchObject({
      code: "DATA_EXPECTED",
      message: "the secret password is gone, and data made with it exists",
    });
    await expect(ensureSecrets(ports(), request([password]), record)).resolves.toBeDefined();
  });

  test("that were emptied on the disk are missing, not empty passwords", async () => {
    await ensureSecrets(ports(), request([password]), record);
    await fs.writeAtomic(`${folder}/password`, "");

    expect(await readSecrets(ports(), request([password]), record.current())).toBeUndefined();
    await expect(ensureSecrets(ports(), request([password], { dataExists: true }), record)).rejects.toMatchObject({
      code: "DATA_EXPECTED",
    });
  });

  test("have every class of character when a person types them", async () => {
    const typed = spec("typed", { kind: "password", length: 20 });
    const { read } = await ensureSecrets(ports(), request([typed]), record);

    expect(read({ name: "typed" })).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[-_.+:=@%]).{20}$/);
  });
});

describe("derived secrets", () => {
  test("a hash opens with its password and follows it when it changes", async () => {
    const first = await ensureSecrets(ports(), request([hash, password]), record);
    const line = first.read({ name: "hash" });
    await fs.writeAtomic(`${folder}/password`, "another password");
    const second = await ensureSecrets(ports(), request([hash, password]), record);

    expect(line).toMatch(/^me:\$2[aby]\$10\$/);
    expect(await bcrypt.compare(first.read({ name: "password" }), line.slice(3))).toBe(true);
    expect(await bcrypt.compare("another password", second.read({ name: "hash" }).slice(3))).toBe(true);
  });

  test("a certificate is kept until 30 days before its end or until its names change", async () => {
    const ca = spec("ca", { kind: "certificate-authority", commonName: "CA", years: 10 });
    const leaf = (names: readonly string[]): SecretSpec =>
      spec("leaf", { kind: "tls-leaf", authority: "ca", names, days: 90 });
    const made = async (names: readonly string[]): Promise<string> =>
      (await ensureSecrets(ports(), request([leaf(names), ca]), record)).read({ name: "leaf", part: "certificate" });
    const first = await made(["a.example"]);
    clock.advance(59 * dayMs);
    const kept = await made(["a.example"]);
    const renamed = await made(["a.example", "b.example"]);
    clock.advance(61 * dayMs);
    const due = await readSecrets(ports(), request([leaf(["a.example", "b.example"]), ca]), record.current());
    const renewed = await made(["a.example", "b.example"]);

    expect(kept).toBe(first);
    expect(renamed).not.toBe(first);
    expect(due).toBeUndefined();
    expect(renewed).not.toBe(renamed);
  });
});

describe("given secrets", () => {
  test("come from the values or a file, without the file's last line break, and follow a change", async () => {
    const typed = spec("typed", { kind: "given", valuesPath: "a.b" });
    const file = spec("file", { kind: "given-file", path: "/given/key" });
    const first = await ensureSecrets(ports(), request([typed, file]), record);
    await fs.writeAtomic("/given/key", "changed");
    const second = await ensureSecrets(ports(), request([typed, file], { dataExists: true }), record);

    expect([first.read({ name: "typed" }), first.read({ name: "file" })]).toEqual(["typed", "from-a-file"]);
    expect(second.read({ name: "file" })).toBe("changed");
  });

  test.each([
    [spec("key", { kind: "given-file", path: "/given/none" }), "the file /given/none (the key) does not exist"],
    [spec("key", { kind: "given-file", path: "/given/empty" }), "the file /given/empty (the key) is empty"],
    [spec("key", { kind: "given", valuesPath: "a.c" }), "a.c (the key) is not set"],
  ])("are missed by name: %#", async (missing, message) => {
    await expect(ensureSecrets(ports(), request([missing]), record)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message,
    });
  });
});

test("reading makes nothing, and hides everything but public parts", async () => {
  const key = spec("host", { kind: "ssh-host-key", algorithm: "ed25519" });
  const before = await readSecrets(ports(), request([password, key]), record.current());
  await ensureSecrets(ports(), request([password, key]), record);
  const after = await readSecrets(ports(), request([password, key]), record.current());

  expect(before).toBeUndefined();
  expect([...(after?.hidden.keys() ?? [])].sort()).toEqual(["host.privateKey", "password"]);
});

test("secrets that exist are found also where another is missing or given anew; public parts are not among them", async () => {
  const key = spec("host", { kind: "ssh-host-key", algorithm: "ed25519" });
  const given = spec("typed", { kind: "given", valuesPath: "a.b" });
  await ensureSecrets(ports(), request([password, key, given]), record);
  const made = await fs.readText(`${folder}/password`);
  const missing = spec("another", { kind: "password", length: 20 });

  const found = await secretsThatExist(fs, request([password, key, given, missing], { given: () => "typed anew" }));

  expect([...found.keys()].sort()).toEqual(["host.privateKey", "password", "typed", "typed as given"]);
  expect([found.get("password"), found.get("typed"), found.get("typed as given")]).toEqual([
    made,
    "typed",
    "typed anew",
  ]);
});
