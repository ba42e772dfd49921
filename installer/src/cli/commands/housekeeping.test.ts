import { describe, expect, it } from "vitest";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result = {
  ...{ apiVersion, kind: "RegistryHousekeepingResult" as const, name: "slipway", dryRun: false },
  ...{ blobs: 3, images: 0, keptBlobs: 8, heldSeconds: 12, ms: 3 },
};

describe("housekeeping registry", () => {
  it.each([
    [{}, "removed: 3 blobs; 8 blobs are in use; pushes waited for 12 s\n"],
    [{ images: 2 }, "removed: 3 blobs and 2 images without a tag; 8 blobs are in use; pushes waited for 12 s\n"],
    [{ dryRun: true, heldSeconds: 0 }, "would be removed: 3 blobs; 8 blobs are in use\n"],
    [{ blobs: 0 }, "nothing to remove: 8 blobs are in use\n"],
  ])("prints what it did: %j", async (told, text) => {
    const run = await cli("housekeeping registry", { cleanRegistry: () => Promise.resolve({ ...result, ...told }) });

    expect(run.status).toBe(0);
    expect(run.requests["cleanRegistry"]?.[0]).toMatchObject({ dryRun: false, untagged: false, minutes: 10 });
    expect(run.stdout()).toBe(text);
  });

  it("hands its options on, and prints the result as it is", async () => {
    const line = "housekeeping registry --dry-run --untagged --minutes 60 --json";

    const run = await cli(line, { cleanRegistry: () => Promise.resolve(result) });

    expect(run.requests["cleanRegistry"]?.[0]).toMatchObject({ dryRun: true, untagged: true, minutes: 60 });
    expect(JSON.parse(run.stdout())).toEqual(result);
  });

  it.each(["0", "121", "1h"])("takes no %s minutes", async (minutes) => {
    const run = await cli(`housekeeping registry --minutes ${minutes}`, {});

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("it must be a whole number from 1 to 120");
  });
});

it.each([
  [
    "housekeeping schedule",
    { day: "sat", at: "04:30", minutes: 30, untagged: false, remove: false, dryRun: false },
    "written: /etc/a\n",
  ],
  [
    "housekeeping schedule --day sun --at 05:00 --untagged --remove",
    { day: "sun", at: "05:00", untagged: true, remove: true },
    "removed: /etc/a\n",
  ],
  ["housekeeping schedule --minutes 60 --dry-run", { minutes: 60, dryRun: true }, "# /etc/a\n[Unit]\n"],
])("%s hands over when, and says which units there are", async (line, asked, text) => {
  const scheduled = {
    ...{ apiVersion, kind: "HousekeepingScheduleResult" as const, name: "slipway", dryRun: line.includes("dry") },
    files: [{ path: "/etc/a", contents: "[Unit]\n" }],
  };

  const run = await cli(line, { scheduleHousekeeping: () => Promise.resolve(scheduled) });
  const json = await cli(`${line} --json`, { scheduleHousekeeping: () => Promise.resolve(scheduled) });

  expect(run.requests["scheduleHousekeeping"]?.[0]).toMatchObject(asked);
  expect(run.stdout()).toBe(text);
  expect(json.status).toBe(0);
});

it("housekeeping schedule takes days of the week alone", async () => {
  const run = await cli("housekeeping schedule --day weekly", {});

  expect(run.status).toBe(2);
  expect(run.stderr()).toContain("sat");
});
