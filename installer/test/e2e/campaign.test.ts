/** A short campaign against backups and restores; the long one is `npm run campaign`. */
import { expect, it } from "vitest";
import { type CampaignRow, runCampaign } from "../campaign/run-campaign.ts";

const isFull = process.env["SLIPWAY_FULL"] === "1";

it("whatever happens to a backup or a restore, the same command makes it whole afterwards", {
  timeout: 900_000,
}, async () => {
  const rows: CampaignRow[] = [];

  const result = await runCampaign(
    {
      seed: 15,
      // The number of faults ends it, on a slow machine too.
      minutes: 15,
      rounds: 1,
      faults: isFull ? { create: 9, restore: 6 } : { create: 1, restore: 1 },
    },
    (row) => rows.push(row),
  );

  expect(rows.filter(({ problems }) => problems.length > 0)).toEqual([]);
  expect(rows.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["undisturbed", "everything is lost"]));
  expect(rows.length).toBeGreaterThan(3);
  expect(result.written).toBeGreaterThan(20);
  expect(result.points["restore"]?.passed).toBeGreaterThan(50);
});
