import { describe, expect, it } from "vitest";
import { readHubRows } from "./hub-rows.ts";

describe("readHubRows", () => {
  it("reads the rows of the database that has the hub's tables", async () => {
    const asked: string[] = [];
    const answer = (database: string, sql: string) => {
      asked.push(database);
      if (sql.includes("as tables")) return [{ tables: database === "hub" ? 2 : 0 }];
      if (sql.includes("lfs_meta_objects"))
        return [{ repository: "9", oid: "ab", size: 5, existing: true, xnet: false }];
      const states = { hashed: true, migrated: false, xnet: false, state: null, deleted: false };
      return [{ id: "9", type: "model", path: "ada/engine", ...states }];
    };

    const rows = await readHubRows({ query: (database, sql) => Promise.resolve(answer(database, sql)) }, [
      "casdoor",
      "hub",
      "portal",
    ]);

    expect(rows?.repositories).toMatchObject([{ id: "9", isHashed: true, isMigrated: false, syncStatus: null }]);
    expect(rows?.objects).toEqual([{ repositoryId: "9", oid: "ab", size: 5, isExisting: true, isXnet: false }]);
    expect(new Set(asked)).toEqual(new Set(["casdoor", "hub"]));
  });

  it("gives nothing where no database has them", async () => {
    const rows = await readHubRows({ query: () => Promise.resolve([{ tables: 1 }]) }, ["casdoor"]);

    expect(rows).toBeUndefined();
  });
});
