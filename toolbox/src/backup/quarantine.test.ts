import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lfsKeyOf, type RepositoryRow, repositoryPathOf } from "./audit/hub-layout.ts";
import { noteQuarantined, openQuarantine, quarantineOf, readQuarantined } from "./quarantine.ts";

function row(id: string, more: Partial<RepositoryRow> = {}): RepositoryRow {
  const flags = { isHashed: true, isMigrated: true, isXnet: false, syncStatus: null, isDeleted: false };
  return { id, type: "model", path: `Ada/m${id}`, ...flags, ...more };
}

const snapshot = "0123456789abcdef";
const known = [row("1"), row("2", { isHashed: false }), row("3", { isDeleted: true })];
const oid = "ab".repeat(32);

describe("repositories of a backup", () => {
  it("go to their own place where a row knows of them, a deleted one, too", () => {
    const { placeOf, names } = quarantineOf("git", snapshot, known);

    for (const path of known.map(repositoryPathOf)) expect(placeOf(path)).toBe(path);
    expect(names()).toEqual([]);
  });

  it("go under the backup's quarantine where none does, the same ones each time they are asked for", () => {
    const { placeOf, names } = quarantineOf("git", snapshot, known);
    const path = repositoryPathOf(row("4"));

    const places = [placeOf(path), placeOf(path), placeOf("models_ada/m1.git")];

    const own = `@quarantine/01234567/${path}`;
    expect(places).toEqual([own, own, "@quarantine/01234567/models_ada/m1.git"]);
    expect(names()).toEqual([path, "models_ada/m1.git"]);
  });

  it("stay where an earlier restore has put them", () => {
    const { placeOf, names } = quarantineOf("git", snapshot, known);

    expect(placeOf("@quarantine/ffffffff/a.git")).toBe("@quarantine/ffffffff/a.git");
    expect(names()).toEqual([]);
  });

  it("go to their own place where no database is the hub's", async () => {
    const { placeOf } = quarantineOf("git", snapshot, undefined);
    const without = await openQuarantine("git", snapshot, undefined);

    expect([placeOf("a.git"), without.placeOf("a.git")]).toEqual(["a.git", "a.git"]);
  });
});

describe("objects of a backup", () => {
  it("go under quarantine where they are LFS objects of a repository of which no row knows", () => {
    const { placeOf, names } = quarantineOf("objects", snapshot, known);
    const [own, nobodys] = [lfsKeyOf(row("1"), oid), lfsKeyOf(row("4"), oid)];
    const shared = lfsKeyOf(row("4", { isMigrated: false }), oid);
    const others = [own, shared, "avatars/4.png", `repos/4/${oid}`, "docker/registry/v2/repositories/a/_layers/x"];

    expect(placeOf(nobodys)).toBe(`quarantine/01234567/${nobodys}`);
    for (const key of others) expect(placeOf(key)).toBe(key);
    expect(names()).toEqual([nobodys]);
  });
});

it("what went there is known afterwards, of the backup that was brought back and of no other", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-quarantine-"));

  await noteQuarantined(folder, "git", { snapshot, names: ["a.git", "b.git"] });
  await noteQuarantined(folder, "objects", { snapshot, names: ["k"] });

  expect(await readQuarantined(folder, snapshot)).toEqual({ repositories: 2, objects: 1 });
  expect(await readQuarantined(folder, "ffff")).toEqual({ repositories: 0, objects: 0 });
  await rm(folder, { recursive: true });
});
