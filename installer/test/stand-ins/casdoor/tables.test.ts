import { describe, expect, it } from "vitest";
import { tableStatements } from "./tables.ts";

describe("tables", () => {
  it("have the columns bootstrap jobs write, in XORM's spelling", () => {
    const statements = tableStatements("application").join("\n");
    for (const column of [
      '"client_secret" VARCHAR(100)',
      '"redirect_uris" VARCHAR(1000)',
      '"enable_sign_up" BOOL',
      '"order" INTEGER',
      '"org_choice_mode" VARCHAR(255)',
    ])
      expect(statements).toContain(column);
    expect(tableStatements("user")[0]).toContain('CREATE TABLE IF NOT EXISTS "user" ("owner" VARCHAR(100) NOT NULL');
  });
});
