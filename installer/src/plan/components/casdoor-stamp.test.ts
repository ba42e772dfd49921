import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";

const jobs = fileURLToPath(new URL("../../../../toolbox/src/jobs/", import.meta.url));

/** Tables of Casdoor's that its bootstrap names in SQL. */
function tablesOfBootstrap(): readonly string[] {
  const texts = readdirSync(jobs)
    .filter((name) => name.startsWith("casdoor-") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(jobs, name), "utf8"));
  const found = texts.flatMap((text) => [
    ...text.matchAll(/\b(?:from|update|into|join) "?([a-z_]+)"? (?:where|set|\()/g),
  ]);
  return [...new Set(found.map(([, table = ""]) => table))].sort();
}

function stampOf(sets: readonly string[] = []) {
  return infraPlan(sets).jobs.find(({ id }) => id === "casdoor-bootstrap")?.stamp;
}

describe("the quick question to Casdoor's database", () => {
  test("is about every table that the bootstrap looks at", () => {
    const sql = stampOf()?.command.at(-1) ?? "";
    const tables = tablesOfBootstrap();

    expect(tables).toEqual(expect.arrayContaining(["application", "cert", "organization", "user"]));
    expect(tables.filter((table) => !new RegExp(`from "?${table}"? `).test(sql))).toEqual([]);
  });

  test("is asked as the owner of that database, who can do no more than Casdoor", () => {
    expect(stampOf()?.component).toBe("postgres");
    expect(stampOf()?.command).toEqual(
      expect.arrayContaining(["--username", "csghub_casdoor", "--dbname", "csghub_casdoor", "--no-psqlrc"]),
    );
  });

  test("is not asked where the job looks elsewhere, too, or the database is elsewhere", () => {
    const provider = ["issuer=https://login.corp.example", "clientId=hub", "clientSecretFile=/etc/secret"];
    const company = ["domain=ai.corp", ...provider.map((set) => `casdoor.provider.${set}`)];
    const elsewhere = ["mode=external", "external.host=db.corp.example", "external.adminPasswordFile=/etc/secret"];

    expect(stampOf(company)).toBeUndefined();
    expect(stampOf(elsewhere.map((set) => `postgres.${set}`))).toBeUndefined();
  });
});
