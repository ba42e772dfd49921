import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { RestoredPart } from "../../actions/backup/restore-part.ts";
import { isPath } from "../../actions/backup/restore-from.ts";
import { AbortError, UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { targetNames } from "../../targets/names.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatRestore, formatRestoredPart } from "../ui/print-backup.ts";

interface RestoreOptions {
  readonly from?: string;
  readonly mode?: string;
  readonly recoveryKeyFile?: string;
  readonly backup?: string;
  readonly toTime?: string;
  readonly database?: string;
  readonly repository?: string;
  readonly objects?: string;
  readonly as?: string;
}

/** `restore`: a platform from a backup, or a part of one. */
export function declareRestore(program: Command, runtime: Runtime): void {
  const command = program
    .command("restore")
    .summary("bring the platform back from a backup, or a part of it")
    .description(
      "With --from it brings the platform back on a machine where it is not installed, from its backups and the recovery key alone: values and secrets first, then the stores with their data, then everything else; at the end every connection is proved. Backups are in a directory, on a rest-server (rest:https://HOST/PATH), in a bucket (s3:https://HOST/BUCKET) or behind SSH (sftp://USER@HOST/PATH); what lets one in is given as the values have it, such as --set backup.repository.user=slipway --set backup.repository.passwordFile=FILE. It never goes over an install that is there. Killed at any moment, the same command goes on. With --database, --repository or --objects it brings one of these back beside what is in use, under another name.",
    )
    .option("--from <place>", "directory with the backups, address of their server, or on a cluster claim:NAME")
    .addOption(
      new Option(
        "--mode <mode>",
        `target of the platform that comes back; ${targetNames[0] ?? ""} when not given`,
      ).choices(targetNames),
    )
    .option("--recovery-key-file <file>", "file with the recovery key, in place of the question")
    .option("--backup <id>", "the backup to take, as backup list names it (default: the newest)")
    .option(
      "--to-time <moment>",
      "bring the databases to this moment, which needs its time zone; the backup before it is taken (needs backup.wal)",
    )
    .option("--database <name>", "bring this database back beside the one in use")
    .option("--repository <path>", "bring this repository back, by the path that it is stored under")
    .option("--objects <bucket/prefix>", "bring back the objects whose keys begin so")
    .option("--as <name>", "name of the database, path of the repository, or what stands before the keys");
  withExamples(command, [
    { command: "slipway restore --from /mnt/backup/slipway", means: "asks for the recovery key" },
    {
      command:
        "slipway restore --from s3:https://s3.corp.example/backups --set backup.repository.accessKey=slipway --set backup.repository.secretKeyFile=/root/s3-key",
      means: "from a bucket, on an empty machine",
    },
    {
      command: "slipway restore --from /mnt/backup/slipway --name second --set domain=second.corp.example",
      means: "beside the platform that runs",
    },
    {
      command: "slipway restore --mode helm --from claim:backups --set cluster.namespace=hub",
      means: "on a cluster, from a claim of the namespace",
    },
    {
      command: "slipway restore --from /mnt/backup/slipway --to-time 2026-11-30T12:34:56Z",
      means: "as it was then, where the write-ahead log is archived",
    },
    { command: "slipway restore --database csghub_server --as server_yesterday", means: "to look up what was so" },
  ]);
  printsJson(command, ["RestoreResult", "RestorePartResult"]);
  command.action((options: RestoreOptions) =>
    runtime.perform(command, async (session) => {
      const part = partOf(options);
      await (part === undefined ? restoreAll(options, session) : restoreOne(part, options, session));
      return 0;
    }),
  );
}

async function restoreAll(options: RestoreOptions, session: Session): Promise<void> {
  const path = (text: string): string => resolve(session.context.io.cwd, text);
  if (options.from === undefined) {
    throw new UsageError("it is not said what to bring back", {
      hint: "--from PLACE brings the platform back; --database, --repository or --objects a part of one that runs",
    });
  }
  const result = await session.engine.restore({
    ...toTarget(session.selection),
    from: isPath(options.from) ? path(options.from) : options.from,
    ...(options.mode !== undefined && { mode: options.mode }),
    set: toValuesSelection(session.selection).set,
    ...(options.backup !== undefined && { backup: options.backup }),
    ...(options.toTime !== undefined && { toTime: options.toTime }),
    ...(options.recoveryKeyFile === undefined
      ? { recoveryKey: await askKey(session) }
      : { recoveryKeyFile: path(options.recoveryKeyFile) }),
  });
  if (session.manner.json) session.tellJson(result);
  else session.tell(formatRestore(result, session.style));
}

async function restoreOne(
  part: RestoredPart,
  { as, backup = "latest" }: RestoreOptions,
  session: Session,
): Promise<void> {
  const result = await session.engine.restorePart({
    ...toTarget(session.selection),
    part,
    backup,
    ...(as !== undefined && { as }),
  });
  if (session.manner.json) session.printJson(result);
  else session.print(formatRestoredPart(result, session.style));
}

/** @throws UsageError when more than one is asked for, or a part of a platform that is not there */
function partOf({ database, repository, objects, from, toTime }: RestoreOptions): RestoredPart | undefined {
  const [bucket = "", ...prefix] = (objects ?? "").split("/");
  const asked: readonly RestoredPart[] = [
    ...(database === undefined ? [] : [{ kind: "database" as const, name: database }]),
    ...(repository === undefined ? [] : [{ kind: "repository" as const, path: repository }]),
    ...(objects === undefined ? [] : [{ kind: "objects" as const, bucket, prefix: prefix.join("/") }]),
  ];
  if (asked.length > 1 || (asked.length === 1 && from !== undefined)) {
    throw new UsageError("one thing is brought back at a time", {
      hint: "give one of --from, --database, --repository and --objects",
    });
  }
  if (asked.length === 1 && toTime !== undefined) {
    throw new UsageError(
      "a part is brought back as a backup has it, and --to-time brings a whole platform to a moment",
      {
        hint: "leave --to-time out, or bring the platform back beside the one that runs: --from PLACE --name second",
      },
    );
  }
  return asked[0];
}

async function askKey({ prompts }: Session): Promise<string> {
  if (prompts.secret !== undefined) return prompts.secret("recovery key", "known");
  throw new AbortError("the recovery key has to be typed, and standard input is no terminal", {
    hint: "give it with --recovery-key-file FILE",
  });
}
