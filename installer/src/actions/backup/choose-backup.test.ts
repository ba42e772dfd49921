import { expect, test } from "vitest";
import type { ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import { chooseBackup } from "./choose-backup.ts";

function backupOf(name: string, id: string): ListedBackup {
  return { id, name, at: "2026-11-21T12:00:00Z", bytes: 1 };
}

const ours = [backupOf("slipway", "aa11"), backupOf("slipway", "bb22")];
const both = [...ours, backupOf("second", "cc33")];

test.each([
  ["the newest", both, { of: "slipway" }, "bb22"],
  ["the newest of another name, where there is no other", ours, { of: "beside" }, "bb22"],
  ["the one that is named, whoever's it is", both, { of: "slipway", backup: "cc" }, "cc33"],
])("%s", (_, all, wanted, id) => {
  expect(chooseBackup(all, wanted).id).toBe(id);
});

test.each([
  ["no backup at all", [], { of: "slipway" }, "there is no backup in this place"],
  ["one that is not there", ours, { of: "slipway", backup: "zz" }, "there is no backup zz"],
  [
    "a beginning that two share",
    [backupOf("a", "aa1"), backupOf("a", "aa2")],
    { of: "a", backup: "aa" },
    "2 backups begin",
  ],
  ["two platforms, and neither is asked for", both, { of: "third" }, "backups of second, slipway, and none of third"],
])("refuses %s", (_, all, wanted, message) => {
  expect(() => chooseBackup(all, wanted)).toThrow(message);
});
