import { container, healthy, resourcesOf, type ComponentDefinition, type PlanContext } from "../define.ts";
import { backupRole } from "../groups/backup-access.ts";
import { backupRepository } from "../groups/backup-repository.ts";
import { postgresLogin, postgresUid } from "../groups/postgres-client.ts";
import { toolboxDocument } from "../groups/toolbox-job.ts";
import { isWalArchived, walServiceId, walSpool, walStateFile } from "../groups/wal.ts";
import type { Container } from "../model.ts";
import { jsonFile } from "../text.ts";

/** Whose repository it stores in. */
const owner = "backup";
/** So often; with what a store takes, five minutes at most are lost. */
const storedEverySeconds = 120;
/** More is not received while nothing can be stored. */
const spoolGiB = 6;

/** What PostgreSQL writes, stored minutes later, so that moments between backups can be brought back. */
export const walArchive: ComponentDefinition = {
  id: walServiceId,
  build(context) {
    if (!isWalArchived(context)) return {};
    return {
      component: {
        id: walServiceId,
        title: { en: "WAL archive", zh: "WAL 归档" },
        purpose: { en: "Stores what PostgreSQL writes between backups", zh: "保存两次备份之间 PostgreSQL 写入的数据" },
        zone: "data",
        presence: "embedded",
        onlyOnOneHost: "backup.wal",
        endpoints: [],
        workload: {
          container: receiver(context),
          replicas: 1,
          update: "recreate",
          stopSeconds: 60,
          health: {
            // What it could not store it says in this file; that it lives is what counts here.
            ready: { kind: "exec", command: ["sh", "-c", 'test -n "$(find "$0" -mmin -20)"', walStateFile] },
            live: { kind: "exec", command: ["sh", "-c", 'test -n "$(find "$0" -mmin -20)"', walStateFile] },
            startSeconds: 120,
          },
        },
        needs: [healthy("postgres"), { kind: "completed", job: "postgres-databases" }],
        volumes: [{ name: walSpool.volume, sizeGiB: spoolGiB, dataClass: "ephemeral", uid: postgresUid }],
      },
    };
  },
};

function receiver(context: PlanContext): Container {
  const { toolbox, backup: values } = context.values;
  const repository = backupRepository(context, owner);
  const content = {
    name: context.name,
    repository: repository.document,
    folder: walSpool.path,
    postgres: { ...postgresLogin(context, "", "", "postgres"), ...backupRole },
    keep: { ...values.keep },
    walSeconds: storedEverySeconds,
  };
  return container({
    image: context.image("toolbox", toolbox.image),
    // The repository's files are this user's.
    uid: postgresUid,
    command: ["backup", toolboxDocument, "archive-wal"],
    resources: resourcesOf(values.resources),
    mounts: [...repository.mounts.map((mount) => ({ ...mount, component: owner })), walSpool],
    // Packs of the repository are made there, several at once.
    scratch: [{ path: "/tmp", sizeMiB: 256 }],
    env: [{ name: "HOME", value: ["/tmp"] }],
    files: [{ path: toolboxDocument, contents: jsonFile(content) }],
  });
}
