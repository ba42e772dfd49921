import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const together = "e2e/backup";
const repository = "integration/backup-postgres";
const stores = "integration/backup-stores";
const damage = "integration/backup-damage";
const servers = "integration/backup-servers";
const behindSsh = "integration/backup-sftp";
const moments = "backup/choose-moment";
const wal = "integration/backup-wal";
const walTogether = "e2e/backup-wal";
const nothing = "nothing was made or changed";

/** What is wrong with where backups are kept, with what opens them, and with what they are to be brought back to. */
export const backupRows: readonly BadInput[] = [
  {
    fault: "a backup of a platform that was installed without",
    says: "this platform was installed without backups",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "after an install that says where backups go",
    proofs: proofs(
      together,
      "is refused where the platform was installed without backups, and before there is a recovery key",
    ),
  },
  {
    fault: "a backup before anybody has a recovery key",
    says: "there is no repository of backups yet",
    code: "APPLY_FAILED",
    state: "nothing was copied, and no delete had to wait",
    again: "after `slipway backup init`",
    proofs: proofs(
      together,
      "is refused where the platform was installed without backups, and before there is a recovery key",
    ),
  },
  {
    fault: "a directory for backups that lies with the data, or is the root of the host",
    says: "lies with the data that it keeps copies of",
    code: "VALUES_INVALID",
    state: "nothing was touched: values are checked first",
    again: "with a directory elsewhere",
    proofs: proofs("rules/rules", "backup"),
  },
  {
    fault: "backups in a directory on a cluster, or in a claim on one host",
    says: "… is …, a directory of one host, and pods have none",
    code: "USAGE",
    state: "nothing was touched: the plan is refused first",
    again: "with `backup.claim` on a cluster, with `backup.directory` on one host",
    proofs: [
      ...proofs("helm/own-places", "refuses a directory of a host, and says what takes its place"),
      ...proofs("compose/one-host", "refuses a claim of a cluster, and says what takes its place"),
      ...proofs(
        "e2e/helm-backup",
        "a place for backups is a claim that a person made: a directory is refused, and a claim that is not there",
      ),
    ],
  },
  {
    fault: "a claim for backups that nobody has made",
    says: "there is no claim … in the namespace …, which … names",
    code: "PREFLIGHT_FAILED",
    state: "nothing was started",
    again: "after the claim is made, or with the name of another",
    proofs: [
      ...proofs("helm/claims", "refuses to begin without the claim that is a person's own, and says which"),
      ...proofs("checks/claims-kept", "names a claim of the values that nobody has made, or that is going"),
    ],
  },
  {
    fault: "a gateway that does not hold deletes: a notice that does not reach it, a clock that is off",
    says: "people can still delete through …: …; nothing was copied",
    code: "APPLY_FAILED",
    state: "nothing was copied, and nobody waits any more",
    again: "when the pod reads its notices, or the clocks agree",
    proofs: proofs("backup/hold-deletes", "never where one of them %s: nothing is copied and nobody waits"),
  },
  {
    fault: "a drill where no second platform can be kept apart",
    says: "a drill brings a second platform up in a namespace of its own, where the claim … cannot be mounted",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "`slipway backup verify --prove latest` proves a backup in the same place",
    proofs: proofs("backup/drill", "refuses one %s, and says what proves a backup instead"),
  },
  {
    fault: "a recovery key with a wrong, missing or swapped character",
    says: "this is no recovery key, or one with a typing error",
    code: "USAGE",
    state: "nothing was made, and no repository was asked",
    again: "with the key as it was shown",
    proofs: [
      ...proofs("backup/recovery-key", "with one wrong, missing or swapped character is told to have a typing error"),
      ...proofs(together, "a restore says what is wrong with a key, a directory or a backup"),
    ],
  },
  {
    fault: "a recovery key of other backups",
    says: "recovery key does not open the backup repository in …",
    code: "APPLY_FAILED",
    state: "no data was brought back; the directory is as it was",
    again: "the same command with the right key goes on",
    proofs: [
      ...proofs(together, "a restore says what is wrong with a key, a directory or a backup"),
      ...proofs(repository, "opens with its own keys alone, and is not there where nothing is"),
    ],
  },
  {
    fault: "a directory without backups, and a backup that is not there",
    says: "there is no backup …",
    code: "PREFLIGHT_FAILED",
    state: "no data was brought back",
    again: "with the directory or the backup that is named",
    proofs: proofs(together, "a restore says what is wrong with a key, a directory or a backup"),
  },
  {
    fault: "a restore where the platform is installed",
    says: "… is installed here, and a restore never goes over data that is there",
    code: "USAGE",
    state: "the platform is as it was",
    again: "beside it, or after it was given up",
    proofs: proofs(together, "is never restored over"),
  },
  {
    fault: "a bit that has flipped in a backup, a part of it that is cut short or gone",
    says: "the backup repository in … is damaged: …",
    code: "APPLY_FAILED",
    state: "no byte of the store was written; the backup is kept as it is",
    again: "with another backup, or a new one to another directory",
    proofs: [
      ...proofs(together, "are found by who reads all of them, and bring no database back"),
      ...proofs(repository, "is found by a check and by a restore, which leaves the directory empty: %s"),
      ...proofs(stores, "that are damaged in the folder are found before anything is written"),
      ...proofs(
        damage,
        "no restore from a damaged one writes anything but what was stored, and one that cannot says so by name",
      ),
    ],
  },
  {
    fault: "a key of the backups that is damaged or gone, or a backup that somebody removed",
    says: "the backup … was stored, and is missing",
    code: "APPLY_FAILED",
    state: "nothing was changed",
    again: "after `slipway backup init` for a key, with the next backup for one that is gone",
    proofs: [
      ...proofs(
        "backup/check-repository",
        "names a key that is not what was written, though another one opens the repository",
        "misses a backup that was stored from here, and none of another directory",
      ),
      ...proofs(damage, "the check finds every damage but a second copy of a pack, from which everything comes back"),
    ],
  },
  {
    fault: "repositories of a backup that no row knows of, whose numbers may be given out again",
    state: "they and their objects lie under quarantine, where nobody is served them; all else is in its place",
    again: "not needed; the command says how many there are, and its log names them",
    proofs: proofs(
      "integration/backup-hub",
      "what no row knows of lies under quarantine, is told, and lies there once however often the restore is run",
    ),
  },
  {
    fault: "a second backup while one is made",
    code: "LOCKED",
    state: "the first one goes on",
    again: "once it has ended",
    proofs: proofs(
      together,
      "makes a whole one afterwards while people write, read and delete, and says who is at work to a second run",
    ),
  },
  {
    fault: "a backup that was killed: deletes wait, and a repository is locked by the dead",
    state: "deletes wait five minutes more at most; what was stored before is whole",
    again: "the same command makes a whole one, and what the dead had locked is free",
    proofs: [
      ...proofs(together, "killed in the middle holds deletes no longer than five minutes more"),
      ...proofs(
        repository,
        "is closed while a run that lives holds it, who is named, and open when that one is said to be dead",
      ),
    ],
  },
  {
    fault: "a restore that was killed, at any moment",
    state: "what is back is kept; no store was started on half of its data",
    again: "the same command finishes it",
    proofs: [
      ...proofs(
        "e2e/helm-backup",
        "the claim and the recovery key bring all of it back, also where the command was killed in the middle",
      ),
      ...proofs(together, "comes back by one command, which goes on wherever it was killed"),
      ...proofs(
        repository,
        "is whole after the restore was killed and run again, and the real server starts on it with the old password",
      ),
    ],
  },
  {
    fault: "something that stands where a part of a backup would go",
    says: "there is a database … already, and nothing was changed",
    code: "APPLY_FAILED",
    state: "it is as it was",
    again: "with another name by `--as`",
    proofs: [
      ...proofs(stores, "never write over another content, and come beside it under another path"),
      ...proofs(repository, "is refused and untouched when something is in it"),
    ],
  },
  {
    fault: "a server of databases that may not be copied: no right, no entry for replication, no sender left",
    state: "nothing was stored; backups stored before are not touched",
    again: "after what the message says",
    proofs: proofs(
      repository,
      "a role without the right, a wrong password, nobody there, no TLS",
      "no entry for replication, no senders left",
    ),
  },
  {
    fault: "a file that is cut short while it is stored",
    state: "the backup is forgotten again; those before are not touched",
    again: "the same command",
    proofs: proofs(
      repository,
      "keeps nothing of a folder that was cut short while it was stored, or that is not there",
    ),
  },
  {
    fault: "a reference that leads nowhere: a layer, an object or a repository that a backup lacks",
    code: "APPLY_FAILED",
    state: "the backup is kept and does not count as restored",
    again: "make a new one; the message names what is missing",
    proofs: proofs("audit/registry-model", "is found out when keys are copied in their own order"),
  },
  {
    fault: "a place for backups on a server with something missing, of another kind, or given twice",
    says: "is empty, but … is … and needs it",
    code: "VALUES_INVALID",
    state: "nothing was touched: values are checked first",
    again: "with what is named",
    proofs: proofs("rules/rules", "backup"),
  },
  {
    fault: "a server of backups that nobody is at, whose name nobody knows, or that cannot serve now",
    says: "the server of the backup repository … does not serve: …",
    code: "APPLY_FAILED",
    state: nothing,
    again: "the same command, once the server is back",
    proofs: [...proofs(servers, "%s is told so, and what to do"), ...proofs(behindSsh, "is told of with %s")],
  },
  {
    fault: "a server of backups with a certificate or host key that the values do not know",
    says: "the server of the backup repository … cannot be trusted: …",
    code: "APPLY_FAILED",
    state: "no credential was shown to it",
    again: "with its authority or key in the values, if it is the right one",
    proofs: [...proofs(servers, "%s is told so, and what to do"), ...proofs(behindSsh, "is told of with %s")],
  },
  {
    fault: "a wrong user, key or password for a server of backups, a wrong bucket or none",
    says: "the credential is refused by the server of the backup repository …",
    code: "APPLY_FAILED",
    state: nothing,
    again: "with the right one in the values",
    proofs: [...proofs(servers, "%s is told so, and what to do"), ...proofs(behindSsh, "is told of with %s")],
  },
  {
    fault: "thinning out backups with a credential that may only add",
    says: "this credential may only add to the backup repository …: no backup was removed",
    code: "APPLY_FAILED",
    state: "every backup is there",
    again: "with `--credential-file`",
    proofs: proofs(servers, "on %s loses nothing to who may only add, and is thinned out by who may more"),
  },
  {
    fault: "a file that holds no credential, or one of another kind",
    says: "… has an unknown key …",
    code: "USAGE",
    state: "nothing was touched, and nothing of it was shown",
    again: "with the keys that are named",
    proofs: [
      ...proofs("backup/credential", "that %s is refused, and its secret not shown"),
      ...proofs("backup/other-credential", "that %s is refused, and not shown"),
    ],
  },
  {
    fault:
      "a connection that is reset, an answer that is cut short, a server that is busy or silent while a backup is stored",
    state:
      "the backup goes on and is whole; what cannot be sent for 15 minutes ends it, and those before are not touched",
    again: "the same command",
    proofs: proofs(servers, "is whole after %s on the way to %s, and the next backup is made"),
  },
  {
    fault: "an address to restore from that does not say what kind of server it is",
    says: "… does not say what kind of server this is",
    code: "USAGE",
    state: nothing,
    again: "with rest: or s3: before it",
    proofs: proofs("backup/restore-from", "unless the address does not say what kind of server it is"),
  },
  ...momentRows(),
];

/** What is wrong with a moment between backups, and with the write-ahead log that leads there. */
function momentRows(): readonly BadInput[] {
  const named = "a moment that cannot be reached is named, with the one that can";
  return [
    {
      fault: "a moment to restore to that cannot be read, or has no time zone",
      says: "is no moment with a time zone",
      code: "USAGE",
      state: nothing,
      again: "with `Z` or an offset behind it",
      proofs: [...proofs(moments, "%j is refused: a zone is needed"), ...proofs(walTogether, named)],
    },
    {
      fault: "a moment in the future",
      says: "the moment … is in the future: it is … now",
      code: "USAGE",
      state: nothing,
      again: "with one that has passed",
      proofs: [...proofs(moments, "in the future is refused"), ...proofs(walTogether, named)],
    },
    {
      fault: "a moment before the first backup",
      says: "the moment … lies before the first backup that it could be reached from",
      code: "PREFLIGHT_FAILED",
      state: "no data was brought back",
      again: "with the first moment, which is named, or a later one",
      proofs: [...proofs(moments, ["is refused %s", "before the first backup"]), ...proofs(walTogether, named)],
    },
    {
      fault: "a moment after all that was stored of the write-ahead log",
      says: "the moment … lies after what was stored of the write-ahead log",
      code: "PREFLIGHT_FAILED",
      state: "no data was brought back",
      again: "with the last moment, which is named, or an earlier one",
      proofs: [...proofs(moments, ["is refused %s", "after what was stored"]), ...proofs(walTogether, named)],
    },
    {
      fault: "a segment of the write-ahead log that is missing",
      says: "the write-ahead log has a gap between … and …: the segment … is missing",
      code: "PREFLIGHT_FAILED",
      state: "no data was brought back",
      again: "with a moment before the gap, which is named, or one after the next backup",
      proofs: [
        ...proofs(moments, ["is refused %s", "after a gap"]),
        ...proofs("wal/stored-wal", "ends before a segment that is missing, whose name it tells"),
        ...proofs(wal, "says which moment is the last one, and which segment is missing"),
      ],
    },
    {
      fault: "a part of the write-ahead log that somebody removed from the repository, or that is damaged",
      says: "is missing in the write-ahead log that goes on from the",
      code: "APPLY_FAILED",
      state: "nothing was changed; every backup is whole",
      again: "after the next backup for moments that come, never for those of the gap",
      proofs: [
        ...proofs(
          "wal/wal-holes",
          "tells of a snapshot that is missing in the middle, and from when to when nothing can be brought back",
        ),
        ...proofs("backup/check-repository", "tells of the hole that a damaged snapshot leaves, too"),
        ...proofs(wal, "says which moment is the last one, and which segment is missing"),
      ],
    },
    {
      fault: "an archive of the write-ahead log that was killed while it stored",
      state: "its lock closes the repository for who needs it alone; everything else goes on",
      again: "once the service runs again, which removes its own lock and no other",
      proofs: [
        ...proofs(wal, "leaves no lock behind when it was killed while it stored, once it runs again"),
        ...proofs(servers, "leaves no lock behind that an archive took which was killed, once it runs again"),
      ],
    },
    {
      fault: "a server of backups that goes away while the write-ahead log is archived there",
      state: "the log is received and kept, by an archive that is started again, too",
      again: "by itself, once the server is back",
      proofs: proofs(
        servers,
        "is received while the server is away, also by an archive that is started again, and stored afterwards",
      ),
    },
    {
      fault: "a moment where no write-ahead log is stored",
      says: "no write-ahead log is stored in this place",
      code: "PREFLIGHT_FAILED",
      state: "no data was brought back",
      again: "without `--to-time` a backup is brought back as it is",
      proofs: proofs(moments, ["is refused %s", "where no log is stored"]),
    },
    {
      fault: "another moment while a restore is half done",
      says: "another restore of … was begun and is not complete",
      code: "USAGE",
      state: "what was brought back so far is there",
      again: "the first command goes on",
      proofs: [
        ...proofs("backup/restore", [
          "that is half done is not gone on with from %s, and can be given up",
          "another moment",
        ]),
        ...proofs(walTogether, "the platform comes back as it was at the moment, also when it is killed on the way"),
      ],
    },
    {
      fault: "a write-ahead log to archive of a server that is elsewhere, or without backups",
      says: "cannot be had of a server that is elsewhere:",
      code: "VALUES_INVALID",
      state: "nothing was touched: values are checked first",
      again: "without `backup.wal`",
      proofs: proofs("rules/rules", "backup"),
    },
    {
      fault: "a write-ahead log to archive on a cluster",
      says: "… is true, and on a cluster there is no … yet",
      code: "USAGE",
      state: "nothing was touched: the plan is refused first",
      again: "without `backup.wal`",
      proofs: proofs("helm/own-places", "refuses what can be on one host alone, and says which value asks for it"),
    },
    {
      fault: "a server that has not kept what the archive has not received yet",
      state: "a new line begins; moments after the next backup can be brought back, and those before the gap",
      again: "`slipway backup create`",
      proofs: proofs(wal, "begins another line where the server has not kept what comes next"),
    },
  ];
}
