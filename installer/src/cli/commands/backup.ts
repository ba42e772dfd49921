import { resolve } from "node:path";
import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatBackup, formatBackups, formatBackupsVerified, formatDrill } from "../ui/print-backup.ts";
import { formatSchedule } from "../ui/print-schedule.ts";

/** `backup`: copies of the platform, and what is done with them. */
export function declareBackup(program: Command, runtime: Runtime): void {
  const group = program
    .command("backup")
    .summary("make backups of the platform, and look after them")
    .description(
      "Commands about backups: of databases, repositories, objects, streams, and of everything the platform is made from, secrets included. They are encrypted, and kept in the directory that backup.directory of the values names, or on the server that backup.repository names.",
    );
  withExamples(group, [
    { command: "slipway backup init", means: "once: the recovery key is shown, and typed back" },
    { command: "slipway backup create", means: "while people work" },
    { command: "slipway backup list", means: "what there is, how old, and whether it was restored" },
  ]);
  declareBackupInit(group, runtime);
  declareBackupKeygen(group, runtime);
  declareBackupCreate(group, runtime);
  declareBackupList(group, runtime);
  declareBackupVerify(group, runtime);
  declareBackupDrill(group, runtime);
  declareBackupSchedule(group, runtime);
  declareBackupPrune(group, runtime);
}

function declareBackupInit(group: Command, runtime: Runtime): void {
  const command = group
    .command("init")
    .summary("agree on a recovery key, and make the place for backups")
    .description(
      "Shows a new recovery key once and has it typed back, then makes the encrypted repository that it opens. With the repository and this key alone the platform can be brought back; without the key nobody can, if the platform is lost. Keep it away from the platform.",
    )
    .option("--recovery-key-file <file>", "file with a key that backup keygen made, in place of the question");
  withExamples(command, [
    { command: "slipway backup init", means: "with a person at the terminal" },
    { command: "slipway backup init --recovery-key-file key.txt", means: "without a question" },
  ]);
  printsJson(command, ["BackupInitResult"]);
  command.action((options: { readonly recoveryKeyFile?: string }) =>
    runtime.perform(command, async (session) => {
      const { recoveryKeyFile } = options;
      const result = await session.engine.initBackups({
        ...toTarget(session.selection),
        ...(recoveryKeyFile === undefined
          ? askBackIn(session)
          : { recoveryKeyFile: resolve(session.context.io.cwd, recoveryKeyFile) }),
      });
      if (session.manner.json) session.printJson(result);
      else
        session.print(
          result.made ? "the place for backups is made" : "the recovery key opens the backups that are there, too",
        );
      return 0;
    }),
  );
}

function askBackIn({ prompts, context }: Session): { readonly askBack?: (key: string) => Promise<string> } {
  if (!prompts.available) return {};
  return {
    askBack: (key) => {
      // Not on standard output, which may be a file.
      context.io.stderr.write(`\n  recovery key: ${key}\n\n`);
      return prompts.input(
        "type the recovery key\nWrite it down first, away from this machine. It is not shown again.",
      );
    },
  };
}

function declareBackupKeygen(group: Command, runtime: Runtime): void {
  const command = group
    .command("keygen")
    .summary("write a new recovery key to a file")
    .description(
      "Makes a recovery key without asking anybody, for backup init --recovery-key-file. Whoever can read the file can read every backup.",
    )
    .requiredOption("-o, --output <file>", "file that it is written to; it must not be there yet");
  withExamples(command, [
    { command: "slipway backup keygen -o recovery-key.txt", means: "then keep it somewhere else" },
  ]);
  printsJson(command, ["BackupKeygenResult"]);
  command.action(({ output }: { readonly output: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.generateRecoveryKey({ output: resolve(session.context.io.cwd, output) });
      if (session.manner.json) session.printJson(result);
      else session.print(`the recovery key is in ${result.file}: keep it away from the platform`);
      return 0;
    }),
  );
}

function declareBackupCreate(group: Command, runtime: Runtime): void {
  const command = group
    .command("create")
    .summary("make a backup")
    .description(
      'Copies everything as of one moment while people work: deletes alone are answered with "later" (503) until what refers to other things is copied with them. Then the databases are restored to a scratch place, started and read, before the backup counts. Only what changed since the backup before takes room.',
    )
    .option("--no-proof", "leave out the restore to a scratch place");
  withExamples(command, [
    { command: "slipway backup create", means: "copy, store, and prove it" },
    { command: "slipway backup create --no-proof", means: "faster; backup verify --prove proves it later" },
  ]);
  printsJson(command, ["BackupCreateResult"]);
  command.action((options: { readonly proof: boolean }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.createBackup({ ...toTarget(session.selection), skipProof: !options.proof });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBackup(result, session.style));
      return 0;
    }),
  );
}

function declareBackupList(group: Command, runtime: Runtime): void {
  const command = group
    .command("list")
    .summary("show the backups that are there")
    .description(
      "Shows each backup with its age and size, and when it was restored to a scratch place last, and how long that took.",
    );
  withExamples(command, [{ command: "slipway backup list", means: "oldest first" }]);
  printsJson(command, ["BackupListResult"]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.listBackups(toTarget(session.selection));
      if (session.manner.json) session.printJson(result);
      else session.print(formatBackups(result, session.context.now(), session.style, session.columns));
      return 0;
    }),
  );
}

function declareBackupVerify(group: Command, runtime: Runtime): void {
  const command = group
    .command("verify")
    .summary("look whether the backups are whole")
    .description(
      "Looks whether everything is there that belongs together; with --data every byte is read, which alone finds a bit that has flipped. With --prove a backup is restored to a scratch place and looked through. Exit 6 when something is damaged.",
    )
    .option("--data", "read every byte")
    .option("--prove <backup>", "restore this one, too: an id of backup list, or latest");
  withExamples(command, [
    { command: "slipway backup verify --data", means: "once a week, say" },
    { command: "slipway backup verify --prove latest", means: "restores the newest one to a scratch place" },
  ]);
  printsJson(command, ["BackupVerifyResult"]);
  command.action((options: { readonly data?: true; readonly prove?: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.verifyBackups({ ...toTarget(session.selection), ...options });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBackupsVerified(result, session.style));
      return result.ok ? 0 : exitStatusOf("APPLY_FAILED");
    }),
  );
}

function declareBackupDrill(group: Command, runtime: Runtime): void {
  const command = group
    .command("drill")
    .summary("bring the whole platform up from a backup, prove it, and remove it")
    .description(
      "Brings a second platform up from a backup beside the one that runs, in networks that nobody reaches and that lead nowhere, proves every connection, says how long it took, and removes it. It takes as much memory and disk again for as long as it lasts.",
    )
    .option("--backup <id>", "the backup to take (default: the newest)");
  withExamples(command, [{ command: "slipway backup drill", means: "the time that a loss of everything would take" }]);
  printsJson(command, ["BackupDrillResult"]);
  command.action((options: { readonly backup?: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.drillBackups({ ...toTarget(session.selection), ...options });
      if (session.manner.json) session.printJson(result);
      else session.print(formatDrill(result, session.style));
      return 0;
    }),
  );
}

interface ScheduleOptions {
  readonly at: string;
  readonly prune: boolean;
  readonly drill?: true;
  readonly remove?: true;
  readonly dryRun?: true;
}

function declareBackupSchedule(group: Command, runtime: Runtime): void {
  const command = group
    .command("schedule")
    .summary("have the machine make a backup every night")
    .description(
      "Writes timers of systemd: every night a backup, after which those that need not be kept are removed, and every week a look at every byte of all of them. A backup that was missed while the machine was off is made up for.",
    )
    .option("--at <time>", "time of day", "02:15")
    .option("--drill", "also bring the whole platform up from a backup, on the first of each month")
    .option("--no-prune", "leave out the removal, where backups are only added and another credential removes them")
    .option("--remove", "take the timers away")
    .option("--dry-run", "only show what would be written");
  withExamples(command, [
    { command: "slipway backup schedule --at 01:30 --drill", means: "as root: every night, week and month" },
    { command: "slipway backup schedule --dry-run", means: "the units, to read or to use elsewhere" },
  ]);
  printsJson(command, ["BackupScheduleResult"]);
  command.action(({ at, drill, prune, remove, dryRun }: ScheduleOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.scheduleBackups({
        ...toTarget(session.selection),
        ...{ at, drill: drill === true, keepAll: !prune, remove: remove === true, dryRun: dryRun === true },
        program: process.execPath,
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatSchedule(result, remove === true));
      return 0;
    }),
  );
}

function declareBackupPrune(group: Command, runtime: Runtime): void {
  const command = group
    .command("prune")
    .summary("remove backups that need not be kept")
    .description(
      "Keeps the newest backup of so many days, weeks and months as backup.keep of the values says, removes the others and frees their room. Where the credential of the values may only add backups, --credential-file gives another one for this run: a file with lines such as user: pruner and password: …, by the keys of backup.repository (url, user, password; accessKey, secretKey; privateKey). It is kept nowhere.",
    )
    .option("--credential-file <file>", "file with a credential that may remove backups, for this run alone");
  withExamples(command, [
    { command: "slipway backup prune", means: "7 days, 4 weeks and 6 months unless the values say otherwise" },
    { command: "slipway backup prune --credential-file prune.yaml", means: "where every day backups are only added" },
  ]);
  printsJson(command, ["BackupPruneResult"]);
  command.action(({ credentialFile }: { readonly credentialFile?: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.pruneBackups({
        ...toTarget(session.selection),
        ...(credentialFile !== undefined && { credentialFile: resolve(session.context.io.cwd, credentialFile) }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(`${result.removed} removed, ${result.kept} kept`);
      return 0;
    }),
  );
}
