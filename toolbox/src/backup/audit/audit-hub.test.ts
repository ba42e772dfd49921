import { describe, expect, it } from "vitest";
import { auditHub, type StoredHub } from "./audit-hub.ts";
import type { AuditResult } from "./audit-result.ts";
import { openFindings } from "./findings.ts";
import { isLfsKey, lfsKeyOf, type ObjectRow, type RepositoryRow, repositoryPathOf } from "./hub-layout.ts";

const oid = "a".repeat(64);
const row: RepositoryRow = {
  id: "12",
  type: "model",
  path: "Ada/Engine",
  isHashed: true,
  isMigrated: true,
  isXnet: false,
  syncStatus: null,
  isDeleted: false,
};
const object: ObjectRow = { repositoryId: "12", oid, size: 7, isExisting: true, isXnet: false };
/** SHA-256 of "12". */
const hashed = "6b/51/6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918";
const whole = {
  rows: { repositories: [row], objects: [object] },
  repositories: new Map([[`@hashed_repos/${hashed}.git`, [{ oid, size: 7 }]]]),
  objects: new Map([[`repos/${hashed}/${oid}`, 7]]),
};

function audit(hub: StoredHub): AuditResult {
  const findings = openFindings();
  auditHub(hub, findings);
  return findings.result();
}

/** With one thing said otherwise in the only row. */
function withRow(change: Partial<RepositoryRow>, hub: Partial<StoredHub> = {}): AuditResult {
  return audit({ ...whole, ...hub, rows: { repositories: [{ ...row, ...change }], objects: [object] } });
}

describe("auditHub", () => {
  it("counts what leads somewhere, by kind", () => {
    const { references, dangling, orphans, leftOut } = audit(whole);

    expect(references).toMatchObject({ "row-repository": 1, "row-object": 1, "pointer-object": 1 });
    expect({ dangling, orphans, leftOut }).toEqual({ dangling: { count: 0, first: [] }, orphans: 0, leftOut: [] });
  });

  it("tells a row whose repository is missing", () => {
    const { dangling } = audit({ ...whole, repositories: new Map() });

    expect(dangling.first).toEqual([
      {
        kind: "row-repository",
        from: "model Ada/Engine (12)",
        to: `@hashed_repos/${hashed}.git`,
        problem: "is missing",
      },
    ]);
  });

  it("tells a pointer and a row whose object is missing", () => {
    const { dangling } = audit({ ...whole, objects: new Map() });

    expect(dangling.first).toMatchObject([
      { kind: "pointer-object", to: `repos/${hashed}/${oid}`, problem: "is missing" },
      { kind: "row-object", to: `repos/${hashed}/${oid}`, problem: "is missing" },
    ]);
  });

  it("tells an object that was cut short", () => {
    const { dangling } = audit({ ...whole, objects: new Map([[`repos/${hashed}/${oid}`, 6]]) });

    expect(dangling.first[0]).toMatchObject({ kind: "pointer-object", problem: "has 6 bytes instead of 7" });
  });

  it("tells a pointer without a row: objects come before what is pushed", () => {
    const { dangling } = audit({ ...whole, rows: { repositories: [row], objects: [] }, objects: new Map() });

    expect(dangling.count).toBe(1);
  });

  it("names the first fifty and counts all", () => {
    const pointers = Array.from({ length: 60 }, (_, at) => ({ oid: at.toString(16).padStart(64, "0"), size: 1 }));
    const repositories = new Map([[repositoryPathOf(row), pointers]]);
    const { dangling } = audit({ ...whole, rows: { repositories: [row], objects: [] }, repositories });

    expect(dangling.count).toBe(60);
    expect(dangling.first).toHaveLength(50);
  });

  it("counts a repository without a row as harmless", () => {
    const repositories = new Map([...whole.repositories, ["@hashed_repos/aa/bb/cc.git", [{ oid, size: 9 }]]]);
    const { dangling, orphans } = audit({ ...whole, repositories });

    expect({ count: dangling.count, orphans }).toEqual({ count: 0, orphans: 1 });
  });

  it("follows nothing from a row that is deleted, and sets its repository not aside", () => {
    const { references, dangling, orphans } = withRow({ isDeleted: true }, { objects: new Map() });

    expect(references["row-repository"] + references["row-object"] + references["pointer-object"]).toBe(0);
    expect({ count: dangling.count, orphans }).toEqual({ count: 0, orphans: 0 });
  });

  it.each(["pending", "inprogress", "failed", "canceled"])(
    "lets a mirror that is %s have nothing yet",
    (syncStatus) => {
      const { dangling, leftOut } = audit({
        rows: {
          repositories: [{ ...row, syncStatus }],
          objects: [{ ...object, isExisting: false }],
        },
        repositories: new Map(),
        objects: new Map(),
      });

      expect(dangling.count).toBe(0);
      expect(leftOut).toEqual([
        `1 × mirror without a repository yet (${syncStatus})`,
        "1 × object that a mirror has not fetched",
      ]);
    },
  );

  it("wants everything of a mirror that is complete, but for pointers that came after the rows", () => {
    const missing = withRow({ syncStatus: "completed" }, { repositories: new Map(), objects: new Map() });
    const later = audit({
      ...whole,
      rows: { repositories: [{ ...row, syncStatus: "completed" }], objects: [] },
      objects: new Map(),
    });

    expect(missing.dangling.first.map(({ kind }) => kind)).toEqual(["row-repository", "row-object"]);
    expect(later.dangling.count).toBe(0);
  });

  it("lets a repository that is being made have nothing yet", () => {
    const path = "0d9c3b1e/7a52-4c10-9d3f-2b8e6f1a4c55";
    const { dangling, leftOut } = withRow({ path }, { repositories: new Map() });

    expect(dangling.count).toBe(0);
    expect(leftOut).toEqual(["1 × row of a repository that the hub has not finished making"]);
  });

  it("passes a row of a declined commit: its object was never uploaded, and no file stands for it", () => {
    const repositories = new Map([[repositoryPathOf(row), []]]);
    const { dangling, leftOut } = audit({ ...whole, repositories, objects: new Map() });

    expect(dangling.count).toBe(0);
    expect(leftOut).toHaveLength(1);
  });

  it("passes objects of the chunk store", () => {
    const ofRepository = withRow({ isXnet: true }, { objects: new Map() });
    const ofObject = audit({
      ...whole,
      rows: { repositories: [row], objects: [{ ...object, isXnet: true }] },
      objects: new Map(),
    });

    expect(ofRepository.dangling.count).toBe(0);
    expect(ofObject.dangling.count).toBe(0);
  });

  it("follows rows to objects where repositories were not copied, and to repositories where objects were not", () => {
    const { repositories, objects, rows } = whole;

    expect(audit({ rows, objects }).references).toMatchObject({ "row-object": 1, "row-repository": 0 });
    expect(audit({ rows, repositories }).references).toMatchObject({ "row-object": 0, "row-repository": 1 });
  });
});

describe("the hub's layout", () => {
  it("names repositories and objects from before ids were hashed by their path and by their content", () => {
    const old = { ...row, isHashed: false, isMigrated: false };

    expect(repositoryPathOf(old)).toBe("models_ada/engine.git");
    expect(lfsKeyOf(old, oid)).toBe(`lfs/aa/aa/${"a".repeat(60)}`);
  });

  it("knows keys of LFS objects", () => {
    expect([lfsKeyOf(row, oid), lfsKeyOf({ ...row, isMigrated: false }, oid)].map(isLfsKey)).toEqual([true, true]);
    expect(["skills/packages/aa", `repos/${hashed}`, "lfs/tmp/x"].map(isLfsKey)).toEqual([false, false, false]);
  });
});
