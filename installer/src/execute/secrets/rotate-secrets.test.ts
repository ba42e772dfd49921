import { beforeEach, describe, expect, test } from "vitest";
import {
  createMemoryFileSystem,
  createSeededRandom,
  createStillClock,
  type MemoryFileSystem,
} from "../../../test/support/memory-ports.ts";
import type { SecretSpec } from "../../plan/model.ts";
import type { Failpoint, Random } from "../../platform/ports.ts";
import { stateLayout } from "../state/layout.ts";
import { openApplied } from "../state/state-store.ts";
import { rotateSecrets } from "./rotate-secrets.ts";
import { ensureSecrets, type Secrets } from "./secret-store.ts";

const folder = "/state/secrets";
const layout = stateLayout("/state");
const stored: SecretSpec = {
  name: "stored",
  description: "a store has it",
  generator: { kind: "random", bytes: 16, encoding: "hex" },
  rotation: { kind: "in-store" },
};
const plain: SecretSpec = { name: "plain", description: "it is read", generator: { kind: "password", length: 20 } };
const hash: SecretSpec = { name: "hash", description: "of plain", generator: { kind: "bcrypt", of: "plain" } };
const authority: SecretSpec = {
  name: "ca",
  description: "the authority",
  generator: { kind: "certificate-authority", commonName: "Lab", years: 1 },
};
const leaf: SecretSpec = {
  name: "tls",
  description: "what it signs",
  generator: { kind: "tls-leaf", authority: "ca", names: ["lab.example"], days: 90 },
};
const specs = [stored, plain, hash];
const request = { specs, folder, digestKey: "00".repeat(32), given: () => undefined, dataExists: true };

let fs: MemoryFileSystem;
let random: Random;

beforeEach(() => {
  fs = createMemoryFileSystem({});
  random = createSeededRandom();
});

function ports(failpoint: Failpoint = () => undefined) {
  return { fs, clock: createStillClock(), random, failpoint };
}

async function make(among: readonly SecretSpec[] = specs): Promise<Secrets> {
  return ensureSecrets(ports(), { ...request, specs: among }, await openApplied(fs, layout));
}

/** As an install does it: what was replaced, then what is made of it. */
async function rotate(failpoint?: Failpoint, among: readonly SecretSpec[] = specs): Promise<Secrets> {
  const record = await openApplied(fs, layout);
  await rotateSecrets(ports(failpoint), { ...request, specs: among }, record);
  return ensureSecrets(ports(), { ...request, specs: among }, record);
}

async function ask(...names: readonly string[]): Promise<void> {
  await (await openApplied(fs, layout)).update(() => ({
    rotation: Object.fromEntries(names.map((name) => [name, "wanted" as const])),
  }));
}

describe("secrets that are replaced", () => {
  test("are others, what is made of them follows, and nobody else's change", async () => {
    const before = await make();
    await ask("plain");
    const after = await rotate();

    expect(after.read({ name: "plain" })).not.toBe(before.read({ name: "plain" }));
    expect(after.read({ name: "hash" })).not.toBe(before.read({ name: "hash" }));
    expect(after.read({ name: "stored" })).toBe(before.read({ name: "stored" }));
    expect(fs.files.get(`${folder}/plain`)?.mode).toBe(0o400);
    expect([...fs.files.keys()].filter((path) => path.endsWith(".next"))).toEqual([]);
  });

  test("in a store can be read as they were before, closed, and are kept out of logs", async () => {
    const before = await make();
    expect(before.read({ name: "stored", part: "former" })).toBe(before.read({ name: "stored" }));
    await ask("stored");
    const after = await rotate();

    expect(after.read({ name: "stored", part: "former" })).toBe(before.read({ name: "stored" }));
    expect(after.read({ name: "stored" })).not.toBe(before.read({ name: "stored" }));
    expect(fs.files.get(`${folder}/stored.former`)?.mode).toBe(0o400);
    expect([...after.hidden.values()]).toContain(before.read({ name: "stored" }));
  });

  test("are replaced once, wherever the run is killed", async () => {
    const points: string[] = [];
    await make();
    await ask("stored", "plain");
    await rotate((name) => void points.push(name));
    expect(points.length).toBeGreaterThan(8);

    for (const [killedAt, point] of points.entries()) {
      fs = createMemoryFileSystem({});
      const before = await make();
      await ask("stored", "plain");
      let passed = 0;
      let made: string | undefined;
      const killed = rotate((name) => {
        if (name === "rotation:made:stored") made = textOf(`${folder}/stored.next`);
        if (passed === killedAt) throw new Error(`killed at ${name}`);
        passed += 1;
        return undefined;
      });
      await expect(killed, point).rejects.toThrow("killed");
      const after = await rotate();

      expect(after.read({ name: "stored" }), point).not.toBe(before.read({ name: "stored" }));
      expect(after.read({ name: "plain" }), point).not.toBe(before.read({ name: "plain" }));
      expect(after.read({ name: "stored", part: "former" }), point).toBe(before.read({ name: "stored" }));
      if (made !== undefined) expect(after.read({ name: "stored" }), point).toBe(made);
      expect(
        [...fs.files.keys()].filter((path) => path.endsWith(".next")),
        point,
      ).toEqual([]);
      const again = await rotate();
      expect(again.read({ name: "stored" }), point).toBe(after.read({ name: "stored" }));
    }
  });

  test("an authority and what it signs are replaced together", async () => {
    const before = await make([authority, leaf]);
    await ask("ca", "tls");
    const after = await rotate(undefined, [authority, leaf]);
    const { X509Certificate } = await import("node:crypto");
    const signer = new X509Certificate(after.read({ name: "ca", part: "certificate" }));
    const signed = new X509Certificate(after.read({ name: "tls", part: "certificate" }));

    expect(after.read({ name: "ca", part: "certificate" })).not.toBe(before.read({ name: "ca", part: "certificate" }));
    expect(signed.verify(signer.publicKey)).toBe(true);
  });

  test("their age is that of the new one", async () => {
    await make();
    const made = (await openApplied(fs, layout)).current().secrets["plain"]?.at;
    const clock = createStillClock("2031-01-02T03:04:05.000Z");
    await ask("plain");
    const record = await openApplied(fs, layout);
    await rotateSecrets({ ...ports(), clock }, request, record);

    expect(made).toBeDefined();
    expect(record.current().secrets["plain"]?.at).toBe("2031-01-02T03:04:05.000Z");
    expect(record.current().secrets["stored"]?.at).toBe(made);
  });
});

function textOf(path: string): string {
  return new TextDecoder().decode(fs.files.get(path)?.contents);
}
