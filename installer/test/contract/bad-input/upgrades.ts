import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const path = "upgrade/release-path";
const upgrade = "upgrade/upgrade";
const cutOff = "upgrade/upgrade-cut-off";
const onEngine = "integration/upgrade";
const nothing = "nothing was changed";

/** What keeps a platform from another version. */
export const upgradeRows: readonly BadInput[] = [
  {
    fault: "an older version",
    says: "… is installed, and this program is …: a platform is not taken to an older version",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "with the version that is installed, or a newer one",
    proofs: proofs(path, "an older version is refused"),
  },
  {
    fault: "versions that must come between are left out",
    says: "… does not become … in one step: …",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "with the version that the hint names",
    proofs: proofs(path, "more than one step is refused, with the whole way and the next stop"),
  },
  {
    fault: "a version that nothing is known of",
    says: "no way is known from … to …",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "with a version that is known",
    proofs: proofs(path, "a version that nothing is known of is refused"),
  },
  {
    fault: "no room for a copy of the data",
    says: "a copy of the data takes …, and … are free, of which … are to stay so",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "once there is room",
    proofs: proofs(upgrade, "where there is no room for a copy of the data"),
  },
  {
    fault: "the last change is not complete",
    says: "the last change of … is not complete",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "once it is complete, or taken back",
    proofs: proofs(upgrade, "after a change that is not complete"),
  },
  {
    fault: "a backup that is old, or was not proved",
    says: "the newest backup is older than a day",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "after a backup, or with --without-backup",
    proofs: proofs(upgrade, "where backups are made and the newest is old, or was not proved"),
  },
  {
    fault: "a write-ahead log that is archived",
    says: "the write-ahead log is archived, and an archive cannot be taken back with the data",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "without `backup.wal`, which is switched on again afterwards",
    proofs: proofs(cutOff, "an upgrade is refused where the write-ahead log is archived"),
  },
  {
    fault: "secrets that are to be replaced before an upgrade is accepted",
    says: "the upgrade of … from … to … is not accepted yet, and going back needs the secrets of today",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "once it is accepted or taken back",
    proofs: proofs(cutOff, "no secret is replaced: going back needs those of today"),
  },
  {
    fault: "copies, or images of the older version, that somebody removed",
    says: "what going back needs is gone: …",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "once images are there again; a copy that is gone does not come back",
    proofs: proofs(cutOff, "where somebody removed them"),
  },
  {
    fault: "another change while an upgrade is under way",
    says: "an upgrade of … from … to … is under way",
    code: "PREFLIGHT_FAILED",
    state: "the upgrade stays as far as it was",
    again: "once the upgrade is complete or taken back",
    proofs: proofs(upgrade, "no other change comes between its steps"),
  },
  {
    fault: "a newer version that does not come up",
    says: "… is back at …; find out why it failed, then upgrade again",
    code: "APPLY_FAILED",
    state: "data, files, records and programs are as before the upgrade",
    again: "once its reason is found: it begins anew",
    proofs: [
      ...proofs(upgrade, "that fails puts back what was before by itself: records, services and data"),
      ...proofs(onEngine, "goes back by itself where $what fails, and nothing that was written is lost"),
    ],
  },
  {
    fault: "an upgrade that is killed, or its way back",
    state: "as far as it was; nothing is lost",
    again: "the same command goes on, and slipway rollback goes back",
    proofs: proofs(
      onEngine,
      "at any point goes on with the same command, and goes back with the other",
      "on its way back is back with the same command",
    ),
  },
];
