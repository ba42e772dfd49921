import { afterEach } from "vitest";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import { type NamedImages, createPushWorld, sampleImages } from "./push-world.ts";
import { createTestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../stand-ins/registry/options.ts";

/** What a test opened, closed again after it, last first. */
export const closers: (() => Promise<unknown>)[] = [];

/** A registry, a layout of images and the push from one to the other. */
export async function setUp(images: NamedImages = sampleImages(6), options: TestRegistryOptions = {}) {
  const world = await createPushWorld(images);
  const registry = await createTestRegistry(options);
  closers.push(
    () => world.close(),
    () => registry.close(),
  );
  return { world, registry, images };
}

/** What became of each image. */
export function states(result: PushResult): readonly string[] {
  return result.images.map(({ state }) => state);
}

/** Closes what each test of the file opened. */
export function closeRegistries(): void {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
}
