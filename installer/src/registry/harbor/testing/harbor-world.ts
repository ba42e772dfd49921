import { afterEach } from "vitest";
import {
  adminPassword,
  createFakeHarbor,
  type FakeHarborOptions,
} from "../../../../test/stand-ins/harbor/create-fake-harbor.ts";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../../test/support/memory-ports.ts";
import { connectTo } from "../../../../test/stand-ins/registry/connect.ts";
import { syntheticBytes } from "../../../../test/stand-ins/registry/synthetic-image.ts";
import { mediaTypes } from "../../../oci/descriptor.ts";
import { digestOf } from "../../../oci/digest.ts";
import { parseTarget } from "../../../oci/path-rules.ts";
import { createHttp } from "../../../platform/http-client.ts";
import type { Credentials } from "../../credentials.ts";
import { buildPushPlan } from "../../push/build-push-plan.ts";
import type { PlannedImage, PushPlan } from "../../push/push-plan.ts";
import { prepareTarget } from "../prepare-target.ts";
import type { RegistryHalf } from "../registry-half.ts";
import { type HarborOptions, noHarborOptions } from "../harbor-options.ts";

/** What a test opened, closed again after it, last first. */
export const closers: (() => unknown)[] = [];

/** Never aborted. */
export const { signal } = new AbortController();

/** Where the push of these tests goes. */
export const repositories = ["ai-infra/slipway/postgres", "ai-infra/library/redis"];

/** The robot account that is asked for. */
export const robot = { name: "pull", file: "/home/me/pull/config.json" };

interface Setup {
  readonly harbor?: FakeHarborOptions;
  readonly path?: string;
  readonly user?: string;
  readonly password?: string;
  readonly credentials?: Credentials | undefined;
  readonly options?: HarborOptions;
  readonly files?: Readonly<Record<string, string>>;
}

/** A Harbor of this process and the way a push prepares it. */
export async function setUp(setup: Setup = {}) {
  const harbor = await createFakeHarbor(setup.harbor);
  const http = createHttp({ connections: 4, environment: {} });
  closers.push(
    () => harbor.close(),
    () => http.close(),
  );
  const fs = createMemoryFileSystem(setup.files);
  const { user = "admin", password = adminPassword } = setup;
  const found = "credentials" in setup ? setup.credentials : ({ kind: "password", username: user, password } as const);
  const client = connectTo(harbor, { credentials: { find: () => Promise.resolve(found) }, plainHttp: true });
  closers.push(() => client.close());
  const registry: RegistryHalf = {
    hasBlob: (repository, descriptor) => client.hasBlob(repository, descriptor),
    isGranted: (access) => client.isGranted(access),
    found: () => undefined,
    alsoRead: (others) => client.expect(others.map((repository) => ({ repository, actions: "pull" }))),
  };
  const remembered = new Set<string>();
  const made = {
    hasMade: (what: string) => remembered.has(what),
    recordMade: (what: string) => Promise.resolve(void remembered.add(what)),
  };
  const open = (options: HarborOptions = setup.options ?? noHarborOptions) =>
    prepareTarget({
      target: parseTarget(`${harbor.host}${setup.path ?? "/ai-infra"}`),
      http,
      registry,
      fs,
      clock: createStillClock(),
      random: createSeededRandom(),
      credentials: { find: () => Promise.resolve(found) },
      options,
      made,
      signal,
    });
  return { harbor, fs, open };
}

/** Two images of `size` bytes each, half of which they share. */
export function planOf(host: string, size: number): PushPlan {
  const layer = (text: string) => {
    const bytes = syntheticBytes(text, size / 2);
    return { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
  };
  const images = repositories.map((repository): PlannedImage => {
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(repository), size: 0 };
    const manifest = {
      kind: "image",
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [layer("shared"), layer(repository)],
    } as const;
    const bytes = Buffer.from(JSON.stringify(manifest));
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const reference = `${host}/${repository}:1`;
    const root = { descriptor, bytes, manifest };
    return {
      source: reference,
      target: reference,
      repository,
      tag: "1",
      root: descriptor,
      manifests: [root],
      referrers: [],
    };
  });
  return buildPushPlan(host, images);
}

/** All of a preparation: before the plan is made, after it, and when the images are there. */
export async function prepareAll(setup: Setup, size = 1000, dryRun = false) {
  const { harbor, fs, open } = await setUp(setup);
  const preparation = await open();
  const opened = await preparation.open?.(repositories, { dryRun, signal });
  const findings = [...(opened?.findings ?? [])];
  if (failures(findings).length === 0) {
    findings.push(...(await preparation.prepare(planOf(harbor.host, size), { dryRun, signal })));
  }
  if (failures(findings).length === 0 && !dryRun)
    findings.push(...((await preparation.finish?.("complete", signal)) ?? []));
  return { harbor, fs, opened, findings };
}

/** Ids of the findings that stop a push. */
export function failures(findings: readonly { readonly severity: string; readonly id: string }[]): readonly string[] {
  return findings.filter(({ severity }) => severity === "failure").map(({ id }) => id);
}

/** Ids of the findings that are warnings. */
export function warnings(findings: readonly { readonly severity: string; readonly id: string }[]): readonly string[] {
  return findings.filter(({ severity }) => severity === "warning").map(({ id }) => id);
}

/** What a finding says. */
export const messageOf = (findings: readonly { readonly id: string; readonly message: string }[], id: string) =>
  findings.find((finding) => finding.id === id)?.message;

/** Closes what each test of the file opened. */
export function closeHarbors(): void {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
}
