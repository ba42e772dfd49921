import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, runChild } from "../../support/child.ts";
import type { Layout } from "./layouts.ts";
import { versionOf } from "./peers.ts";

/** Who is signed in. The password is one of a registry that is gone after the row. */
export interface BenchUser {
  readonly name: string;
  readonly password: string;
}

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
  options: { readonly wipe?: boolean; readonly user?: BenchUser } = {},
): Promise<void> {
  const { user } = options;
  const signIn = user === undefined ? [] : ["--dest-creds", `${user.name}:${user.password}`];
  for (const reference of layout.references) {
    if (options.wipe === true) await forgetBlobs();
    await mustRun("skopeo", [
      ...[...insecure, ...signIn],
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

/** The same with regctl, which finds an image of a layout by its digest. */
export async function regctlPush(layout: Layout, host: string, folder: string): Promise<void> {
  const env = { ...process.env, HOME: folder };
  await mustRun("regctl", ["registry", "set", "--tls", "disabled", host], { env });
  for (const [index, reference] of layout.references.entries()) {
    const source = `ocidir://${layout.folder}@${layout.manifests[index]?.digest ?? ""}`;
    await mustRun("regctl", ["image", "copy", source, targetOf(reference, host)], { env });
  }
}

/**
 * The same with crane, which takes layouts of one image each: folders that share the blobs.
 * @param config a folder with a `config.json` as `docker login` writes it
 */
export async function cranePush(
  layout: Layout,
  folders: readonly string[],
  host: string,
  config?: string,
): Promise<void> {
  const env = { ...process.env, ...(config === undefined ? {} : { DOCKER_CONFIG: config }) };
  for (const [index, reference] of layout.references.entries()) {
    await mustRun("crane", ["push", "--insecure", folders[index] ?? "", targetOf(reference, host)], { env });
  }
}

/** A folder for each image of a layout, with the layout's blobs. */
export async function splitLayout(layout: Layout, parent: string): Promise<readonly string[]> {
  return Promise.all(
    layout.manifests.map(async (manifest, index) => {
      const folder = join(parent, `image-${index}`);
      await mkdir(folder, { recursive: true });
      await symlink(join(layout.folder, "blobs"), join(folder, "blobs"));
      await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
      await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
      return folder;
    }),
  );
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
