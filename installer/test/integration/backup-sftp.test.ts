/** Backups are kept behind SSH, on a server that is known by its key. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StoredBackup } from "../../../toolbox/src/backup/restic.ts";
import { describeUnless } from "../support/unless.ts";
import { untilSo } from "./archived-log.ts";
import { type BackupWorld, openBackupWorld } from "./backup-world.ts";
import { noSshd, openSftpServer, type SftpServer } from "./sftp-server.ts";

const patience = { stuckSeconds: 5, patienceSeconds: 2 };
const source = "/staging/source";

describeUnless(noSshd, "a repository of backups behind SSH", () => {
  let world: BackupWorld;
  let server: SftpServer;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    world = await openBackupWorld();
    closers.push(() => world.dispose());
    server = await openSftpServer(world);
    closers.push(() => server.dispose());
    await world.shell(`install -d -o 10001 -g 10001 ${source}; head -c 3000000 /dev/urandom > ${source}/data
      chown 10001 ${source}/data`);
  }, 60_000);

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  }, 60_000);

  it("is made, written, read, checked and thinned out", async () => {
    const { repository } = server;

    const [, , , keys, first, second, forgotten, checked] = await world.results(
      [
        ...([["reach"], ["initialise"], ["addKey", "a recovery key"], ["keys"]] as const),
        ["backup", source, []],
        ["backup", source, []],
        ["forget", { daily: 1, weekly: 0, monthly: 0 }],
        ["check", "all"],
      ],
      { repository, patience },
    );
    const { snapshotId } = second as StoredBackup;
    await world.results([["restore", snapshotId, source, "/staging/restored"]], { repository, patience });

    expect([keys, checked]).toEqual([2, { whole: true }]);
    expect(forgotten).toEqual({ kept: [snapshotId], removed: [(first as StoredBackup).snapshotId] });
    expect(await world.shell(`cd ${source}; sha256sum *`)).toBe(await world.shell("cd /staging/restored; sha256sum *"));
  });

  it("is freed of the lock of a run that was killed, and of no other", async () => {
    const { repository } = server;
    await world.shell(`head -c 6000000 /dev/urandom > ${source}/changed; chown 10001 ${source}/changed`);
    const slow = { repository, patience, host: "killed", resticFirst: 'set -- --limit-upload 200 "$@"' };
    const container = await world.start([["backup", source, []]], slow);
    // Nobody asks for the repository meanwhile: it would be closed to the backup then.
    await untilSo(async () => (await world.shell("ls /staging/behind-ssh/locks")) !== "");
    await world.docker("kill", container);

    const other = await world.inside([["check", "metadata"]], { repository, patience, deadHosts: ["another"] });
    const [checked] = await world.results([["check", "metadata"]], { repository, patience, deadHosts: ["killed"] });

    expect(other.error?.message).toMatch(/on killed/);
    expect(checked).toEqual({ whole: true });
    expect(await world.shell("ls /staging/behind-ssh/locks")).toBe("");
  });

  it.each([
    ["another host key", () => ({ hostKey: server.otherHostKey }), "RepositoryUntrustedError", /cannot be trusted/],
    [
      "a private key that it does not know",
      () => ({ privateKey: server.otherPrivateKey }),
      "RepositoryCredentialError",
      /Permission denied/,
    ],
    ["a private key that is none", () => ({ privateKey: "hush-hush" }), "RepositoryCredentialError", /is refused/],
    [
      "a port that nobody listens on",
      () => ({ address: server.repository.address.replace(/:\d+$/, ":1") }),
      "RepositoryUnreachableError",
      /Connection refused/,
    ],
  ])("is told of with %s", async (_, other, name, text) => {
    const { error } = await world.inside([["reach"]], { repository: { ...server.repository, ...other() }, patience });

    expect(error).toMatchObject({ name, message: expect.stringMatching(text) as string });
    expect(JSON.stringify(error)).not.toContain("hush");
  });
});
