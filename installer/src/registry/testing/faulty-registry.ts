import { afterEach, expect } from "vitest";
import { connectTo } from "../../../test/stand-ins/registry/connect.ts";
import { createTestRegistry, type TestRegistry } from "../../../test/stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../../../test/stand-ins/registry/options.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../../test/stand-ins/registry/synthetic-image.ts";
import { RegistryError } from "../../errors/installer-error.ts";
import type { RegistryClient } from "../registry-client.ts";

/** The image of these tests: one layer of 400 kB. */
export const image = syntheticImage("faults", [syntheticBytes("layer of faults", 400_000)]);

/** Its layer. */
export const layer = image.blobs[1]!;

/** Requests that read a blob. */
export const blobs = /\/blobs\/sha256/;

const open: (() => Promise<void>)[] = [];

/** A registry that can be made to fail, and a client of it. */
export async function setUp(
  options: TestRegistryOptions = {},
  client: Parameters<typeof connectTo>[1] = {},
): Promise<{ registry: TestRegistry; client: RegistryClient }> {
  const registry = await createTestRegistry(options);
  const connected = connectTo(registry, client);
  open.push(async () => {
    connected.close();
    await registry.close();
  });
  return { registry, client: connected };
}

/** A registry that has the image as team/app:1.0. */
export async function seeded(options: TestRegistryOptions = {}, client: Parameters<typeof connectTo>[1] = {}) {
  const made = await setUp(options, client);
  seedImage(made.registry.store, "team/app", image, "1.0");
  return made;
}

/** The error of a call that must fail. */
export async function failureOf(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}

/** Closes what each test of the file opened. */
export function closeRegistries(): void {
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });
}
