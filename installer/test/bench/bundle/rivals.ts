import { rm } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, runChild } from "../../support/child.ts";
import type { Layout } from "./layouts.ts";
import { versionOf } from "./peers.ts";

/** Where `skopeo` run by root remembers which registry has which blob. */
const skopeoCache = "/var/lib/containers/cache/blob-info-cache-v1.boltdb";

/** The other programs that are installed here, with their versions. */
export async function describeRivals(): Promise<string> {
  const rows = [
    ["skopeo", ["--version"]],
    ["docker-registry", ["--version"]],
    ["crane", ["version"]],
    ["regctl", ["version", "--format", "{{.VCSTag}}"]],
  ] as const;
  const found: string[] = [];
  for (const [program, args] of rows) {
    if (await isInstalled(program)) found.push(`${program} ${await versionOf(program, args)}`);
  }
  return found.join(", ");
}

export async function isInstalled(program: string): Promise<boolean> {
  return (await runChild("sh", ["-c", `command -v ${program}`])).exitCode === 0;
}

/** Copies every image of a layout into a registry, one process an image, in turn. */
export async function skopeoPush(
  layout: Layout,
  host: string,
  options: { readonly wipe?: boolean } = {},
): Promise<void> {
  for (const reference of layout.references) {
    if (options.wipe === true) await forgetBlobs();
    await mustRun("skopeo", [
      ...insecure,
      `oci:${layout.folder}:${reference}`,
      `docker://${targetOf(reference, host)}`,
    ]);
  }
}

/** The same out of one tar of the layout. */
export async function skopeoPushArchive(layout: Layout, archive: string, host: string): Promise<void> {
  for (const reference of layout.references) {
    await mustRun("skopeo", [
      ...insecure,
      `oci-archive:${archive}:${reference}`,
      `docker://${targetOf(reference, host)}`,
    ]);
  }
}

/** What `skopeo` learnt about registries must not help the next round. */
export async function forgetBlobs(): Promise<void> {
  await rm(skopeoCache, { force: true });
}

/** Crane takes a layout of one image at a time: each gets an index of its own beside the shared blobs. */
export async function regctlPush(layout: Layout, host: string, folder: string): Promise<void> {
  const env = { ...process.env, HOME: folder };
  await mustRun("regctl", ["registry", "set", "--tls", "disabled", host], { env });
  for (const reference of layout.references) {
    await mustRun("regctl", ["image", "copy", `ocidir://${layout.folder}:${reference}`, targetOf(reference, host)], {
      env,
    });
  }
}

/** Each image of a registry into one OCI layout. */
export async function skopeoPull(references: readonly string[], host: string, folder: string): Promise<void> {
  for (const [index, reference] of references.entries()) {
    await mustRun("skopeo", [
      ...["copy", "--src-tls-verify=false", `docker://${targetOf(reference, host)}`],
      `oci:${join(folder, "layout")}:image-${index}`,
    ]);
  }
}

/** Each image of a registry into an archive of its own, as it is done for `docker load`. */
export async function skopeoArchives(
  references: readonly string[],
  host: string,
  folder: string,
): Promise<readonly string[]> {
  const archives: string[] = [];
  for (const [index, reference] of references.entries()) {
    const file = join(folder, `image-${index}.tar`);
    const name = targetOf(reference, "bench.invalid");
    await mustRun("skopeo", [
      ...["copy", "--src-tls-verify=false", `docker://${targetOf(reference, host)}`],
      `docker-archive:${file}:${name}`,
    ]);
    archives.push(file);
  }
  return archives;
}

const insecure = ["copy", "--quiet", "--dest-tls-verify=false"];

/** The reference at another host. */
export function targetOf(reference: string, host: string): string {
  return `${host}/${reference.slice(reference.indexOf("/") + 1)}`;
}
