import { randomSecret, type PlanContext } from "../define.ts";
import type { SecretSpec, Slotted } from "../model.ts";
import { secret } from "../text.ts";

/** Whether this platform is backed up. */
export function isBackedUp({ values: { backup } }: PlanContext): boolean {
  return backup.mode === "embedded";
}

/** The role that may copy our PostgreSQL and look into nothing, and the key that may read our buckets. */
const role = { user: "slipway_backup", secret: "pg-backup" } as const;
const key = { accessKey: "slipway-backup", secret: "s3-backup" } as const;

/** Role and password, as documents of the toolbox name them. */
export const backupRole = { user: role.user, password: secret(role.secret) } satisfies Readonly<
  Record<string, Slotted>
>;

/** Access key and secret key, as documents of the toolbox name them. */
export const backupKey = { accessKey: key.accessKey, secretKey: secret(key.secret) } satisfies Readonly<
  Record<string, Slotted>
>;

/** The secrets behind them. */
export const backupAccessSecrets: readonly SecretSpec[] = [
  randomSecret(role.secret, `password of the database role ${role.user}, which copies the server`),
  {
    name: key.secret,
    description: `secret key of ${key.accessKey} on the object store, which reads every bucket`,
    generator: { kind: "random", bytes: 20, encoding: "hex" },
  },
];
