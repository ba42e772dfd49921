import { expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { acceptPlaces } from "./own-places.ts";
import { rules } from "./rules.ts";

it("refuses a directory of a host, and says what takes its place", async () => {
  const plan = infraPlan(["backup.mode=embedded", "backup.directory=/mnt/backup"]);
  const refusal = expect.objectContaining({
    code: "USAGE",
    message: "backup.directory is /mnt/backup, a directory of one host, and pods have none",
    hint: expect.stringContaining("--set backup.directory= --set backup.claim=NAME") as string,
  }) as Error;

  expect(() => acceptPlaces(plan)).toThrow(refusal);
  await expect(rules.render(plan)).rejects.toThrow(refusal);
});

it("refuses what can be on one host alone, and says which value asks for it", () => {
  const plan = infraPlan(["backup.mode=embedded", "backup.claim=backups", "backup.wal=true"]);

  expect(() => acceptPlaces(plan)).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: "backup.wal is true, and on a cluster there is no WAL archive yet",
      hint: expect.stringContaining("--set backup.wal=false") as string,
    }) as Error,
  );
});

it("takes a claim", () => {
  expect(() => acceptPlaces(infraPlan(["backup.mode=embedded", "backup.claim=backups"]))).not.toThrow();
});
