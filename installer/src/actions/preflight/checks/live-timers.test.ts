import { expect, it } from "vitest";
import { findings } from "./testing/findings.ts";

const status = { components: [], foreign: [], full: [], overall: "healthy" };
const answer = (stdout: string) => ({ exitCode: 0, stdout: `${stdout}\n`, stderr: "" });
const show = (property: string, unit: string) =>
  `systemctl show --property=${property} --value slipway-slipway-${unit}`;
const folder = "/etc/systemd/system/slipway-slipway";
const exec = {
  [show("ActiveState", "backup.timer")]: answer("inactive"),
  [show("Result", "backup.service")]: answer("success"),
  [show("ActiveState", "verify.timer")]: answer("active"),
  [show("Result", "verify.service")]: answer("success"),
  [show("ActiveState", "housekeeping.timer")]: answer("active"),
  [show("Result", "housekeeping.service")]: answer("exit-code"),
};

it("timers that are off, or start what fails, are told with the command that made them", async () => {
  const stats = {
    "/run/systemd/system": { directory: true },
    ...Object.fromEntries(["backup", "verify", "housekeeping"].map((job) => [`${folder}-${job}.timer`, {}])),
  };

  expect(await findings("live.timers", { status, stats, exec })).toMatchObject([
    {
      message: "the timer slipway-slipway-backup is inactive",
      remedy: expect.stringContaining("slipway backup schedule --remove") as string,
    },
    {
      message: "what the timer slipway-slipway-housekeeping started last ended badly (exit-code)",
      remedy: expect.stringContaining("slipway housekeeping schedule again") as string,
    },
  ]);
});

it("where nothing is done by the clock, or nothing is installed, there is nothing to tell", async () => {
  expect(await findings("live.timers", { status, exec })).toEqual([]);
  expect(await findings("live.timers")).toEqual([]);
});
