import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

const live = { services: new Map() };
const mounts = (...lines: readonly string[]) => ({ "/proc/self/mountinfo": lines.join("\n") });
const root = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw";
const set = ["backup.mode=embedded", "backup.directory=/srv/backups"];

describe("the disks of the engine", () => {
  it("that the kernel made read-only are a failure", async () => {
    const failed = mounts(root, "30 21 8:17 / /var/lib/docker rw - ext4 /dev/sdb1 ro,errors=remount-ro");

    expect(await findings("live.read-only", { live, files: failed })).toMatchObject([
      { severity: "failure", message: expect.stringContaining("/var/lib/docker is on a file system") as string },
    ]);
    expect(await findings("live.read-only", { live, files: mounts(root) })).toEqual([]);
    // An engine elsewhere has a directory of the same name.
    expect(await findings("live.read-only", { live, files: failed, info: { socket: undefined } as object })).toEqual(
      [],
    );
  });

  it("that hold the data and its backups are told, wherever they are mounted", async () => {
    const apart = mounts(root, "30 21 8:17 / /srv rw - ext4 /dev/sdb1 rw");
    const bound = mounts(root, "30 21 8:1 /backups /srv rw - ext4 /dev/sda1 rw");

    expect(await findings("live.backup-apart", { live, set, files: mounts(root) })).toMatchObject([
      { severity: "warning", message: "/srv/backups is on the same file system as the data in /var/lib/docker" },
    ]);
    expect(await findings("live.backup-apart", { live, set, files: bound })).toHaveLength(1);
    expect(await findings("live.backup-apart", { live, set, files: apart })).toEqual([]);
    expect(
      await findings("live.backup-apart", { live, set: [...set, "dataDir=/srv/data"], files: apart }),
    ).toHaveLength(1);
    expect(await findings("live.backup-apart", { live, files: mounts(root) })).toEqual([]);
  });

  it("and the memory of the host are told when everything waits for them", async () => {
    const psi = (memory: number, io: number) => ({
      "/proc/pressure/memory": `some avg10=0.00 avg60=0.00 avg300=90.00 total=1\nfull avg10=0.00 avg60=1.00 avg300=${memory}.20 total=1\n`,
      "/proc/pressure/io": `some avg10=0.00 avg60=0.00 avg300=90.00 total=1\nfull avg10=0.00 avg60=1.00 avg300=${io}.20 total=1\n`,
    });

    expect(await findings("live.pressure", { live, files: psi(12, 1) })).toMatchObject([
      { message: "for 12 % of the last five minutes the whole host waited for memory" },
    ]);
    expect(await findings("live.pressure", { live, files: psi(0, 60) })).toHaveLength(1);
    expect(await findings("live.pressure", { live, files: psi(4, 30) })).toEqual([]);
    expect(await findings("live.pressure", { live })).toEqual([]);
  });
});
