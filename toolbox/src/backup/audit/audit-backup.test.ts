import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBundleRefs } from "../bundle-header.ts";
import { sumFile, toJson, writeWhole } from "../folder-files.ts";
import { filesOf, finishIndex, subfolderOf } from "../git-folder.ts";
import { compareKeys, contentFile, indexFilesOf, openIndex } from "../object-index.ts";
import { auditBackup, type BackupParts, refuseDangling } from "./audit-backup.ts";
import type { AuditResult } from "./audit-result.ts";
import { lfsKeyOf, type RepositoryRow, repositoryPathOf } from "./hub-layout.ts";

const row: RepositoryRow = {
  id: "7",
  type: "model",
  path: "ada/engine",
  isHashed: true,
  isMigrated: true,
  isXnet: false,
  syncStatus: null,
  isDeleted: false,
};
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const content = "weights";
const oid = sha256(content);
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** Writes a repository with files of these contents, as a copy has it. */
async function storeRepository(files: Readonly<Record<string, string>>, format = "sha1"): Promise<void> {
  const source = join(folder, "source");
  const git = (...args: readonly string[]): void => {
    execFileSync("git", ["-C", source, "-c", "user.name=a", "-c", "user.email=a@b", ...args], { stdio: "pipe" });
  };
  await mkdir(source, { recursive: true });
  git("init", "--quiet", "--initial-branch=main", `--object-format=${format}`);
  for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text);
  git("add", "--all");
  git("commit", "--quiet", "--message", "files");
  const path = repositoryPathOf(row);
  const stored = filesOf(join(folder, "git"), path);
  await mkdir(stored.folder, { recursive: true });
  git("bundle", "create", "--quiet", stored.bundle, "--all");
  const saved = {
    relativePath: path,
    defaultBranch: "refs/heads/main",
    refs: await readBundleRefs(stored.bundle),
    bundle: await sumFile(stored.bundle),
  };
  const { sha256: sum } = await writeWhole(stored.record, toJson(saved));
  await finishIndex(join(folder, "git"), [{ relativePath: path, folder: subfolderOf(path), sha256: sum }]);
}

/** Writes buckets, as a copy has them. */
async function storeBuckets(buckets: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<void> {
  const place = join(folder, "objects");
  await mkdir(join(place, "objects"), { recursive: true });
  const summaries = [];
  for (const [name, objects] of Object.entries(buckets)) {
    const index = await openIndex(indexFilesOf(place, name));
    for (const [key, text] of Object.entries(objects).toSorted(([a], [b]) => compareKeys(a, b))) {
      const file = contentFile(sha256(text));
      await writeWhole(join(place, file), text);
      const sums = { sha256: sha256(text), md5: "", etag: "", modified: "" };
      await index.add({ key, size: text.length, file, headers: {}, ...sums });
    }
    summaries.push({ name, objects: 0, bytes: 0, index: await index.finish() });
    await index.close();
  }
  await writeWhole(join(place, "objects.json"), toJson({ buckets: summaries }));
}

async function audit(parts: Partial<BackupParts> = {}): Promise<AuditResult> {
  const objects = join(folder, "objects");
  return auditBackup(
    {
      rows: {
        repositories: [row],
        objects: [{ repositoryId: "7", oid, size: content.length, isExisting: true, isXnet: false }],
      },
      git: { folder: join(folder, "git"), scratch: join(folder, "scratch"), cache: join(folder, "pointers.jsonl") },
      objects: { folder: objects, read: (file) => readFile(join(objects, file)) },
      ...parts,
    },
    { log: () => undefined, progress: () => undefined },
  );
}

const image = (() => {
  const root = "docker/registry/v2";
  const config = "{}";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { digest: `sha256:${sha256(config)}`, size: 2 },
    layers: [],
  });
  const data = (text: string): string => `${root}/blobs/sha256/${sha256(text).slice(0, 2)}/${sha256(text)}/data`;
  const link = (kind: string, text: string) => ({
    [`${root}/repositories/app/${kind}/sha256/${sha256(text)}/link`]: `sha256:${sha256(text)}`,
  });
  return {
    [data(config)]: config,
    [data(manifest)]: manifest,
    ...link("_layers", config),
    ...link("_manifests/revisions", manifest),
    [`${root}/repositories/app/_manifests/tags/v1/current/link`]: `sha256:${sha256(manifest)}`,
  };
})();

describe("auditBackup", () => {
  it.each(["sha1", "sha256"])(
    "follows everything in folders as copies leave them, with objects of %s",
    async (format) => {
      await storeRepository({ "weights.bin": pointer, "README.md": `It is:\n${pointer}` }, format);
      await storeBuckets({ hub: { [lfsKeyOf(row, oid)]: content }, images: image, empty: {} });

      const { references, dangling, orphans } = await audit();

      expect(references).toEqual({
        "row-repository": 1,
        "row-object": 1,
        "pointer-object": 1,
        "tag-manifest": 1,
        "link-manifest": 1,
        "index-manifest": 0,
        "manifest-config": 1,
        "manifest-layer": 0,
      });
      expect({ dangling, orphans }).toEqual({ dangling: { count: 0, first: [] }, orphans: 0 });
    },
  );

  it("refuses a backup without an object, by the name of what wants it", async () => {
    await storeRepository({ "weights.bin": pointer });
    await storeBuckets({ hub: {}, images: image });

    const found = await audit();

    expect(() => refuseDangling(found)).toThrow(
      `2 references of the backup lead nowhere: an LFS file of model ada/engine (7) → ${lfsKeyOf(row, oid)} is missing; `,
    );
  });

  it("does not unpack a bundle again that it knows", async () => {
    await storeRepository({ "weights.bin": pointer });
    await storeBuckets({ hub: { [lfsKeyOf(row, oid)]: content } });
    await audit();
    await writeFile(filesOf(join(folder, "git"), repositoryPathOf(row)).bundle, "gone");

    const { references } = await audit();

    expect(references["pointer-object"]).toBe(1);
  });

  it("tells whose bundle cannot be read, and leaves nothing unpacked", async () => {
    await storeRepository({ "weights.bin": pointer });
    await storeBuckets({});
    const { bundle } = filesOf(join(folder, "git"), repositoryPathOf(row));
    const whole = await readFile(bundle);
    await writeFile(bundle, whole.subarray(0, whole.length - 30));

    await expect(audit()).rejects.toThrow(`the bundle of ${repositoryPathOf(row)} cannot be read: `);
    expect(await readdir(join(folder, "scratch"))).toEqual([]);
  });

  it("refuses an index of a bucket that is not the one that was written", async () => {
    await storeBuckets({ hub: { [lfsKeyOf(row, oid)]: content } });
    await writeFile(indexFilesOf(join(folder, "objects"), "hub").index, "");

    await expect(audit()).rejects.toThrow("the index of bucket hub has 0 bytes instead of");
  });

  it("says what it leaves out where a platform has no hub", async () => {
    await storeBuckets({ images: image });
    const objects = join(folder, "objects");

    const { references, leftOut } = await auditBackup(
      { objects: { folder: objects, read: (file) => readFile(join(objects, file)) } },
      { log: () => undefined, progress: () => undefined },
    );

    expect(references["tag-manifest"]).toBe(1);
    expect(leftOut[0]).toMatch(/^rows, repositories and LFS objects: /);
  });
});
