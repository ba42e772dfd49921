import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { breakFrom, diskInFile, type SmallDisk } from "../support/small-disk.ts";

/** A small disk that can be filled up, protected, and copied with a medium that breaks. */
export interface CampaignDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Leaves so many bytes free. */
  fillUpTo(left: number): void;
  /** Gives the room back. */
  empty(): void;
  protect(): void;
  unprotect(): void;
  /** The same files on a disk that cannot be read from a share of its bytes on; to be closed. */
  brokenCopy(share: number): SmallDisk;
  close(): void;
}

const filler = "filler";

export async function openCampaignDisk(size: string): Promise<CampaignDisk> {
  const place = await mkdtemp(join(tmpdir(), "slipway-campaign-"));
  const under = join(place, "disk");
  const disk = diskInFile(under, size);
  const fillerPath = join(disk.folder, filler);
  const empty = (): void => rmSync(fillerPath, { force: true });
  return {
    folder: disk.folder,
    fillUpTo: (left) => {
      const { bavail, bsize } = statfsSync(disk.folder);
      run("fallocate", "--length", String(Math.max(1, bavail * bsize - left)), fillerPath);
    },
    empty,
    protect: () => run("mount", "-o", "remount,ro", disk.folder),
    unprotect: () => run("mount", "-o", "remount,rw", disk.folder),
    brokenCopy: (share) => copyAndBreak(disk.folder, share),
    close: () => {
      disk.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** File by file, onto a disk that has just room for them, so that most of its bytes are theirs. */
function copyAndBreak(from: string, share: number): SmallDisk {
  const place = mkdtempSync(join(tmpdir(), "slipway-campaign-"));
  const under = join(place, "disk");
  const bytes = Number(run("du", "--bytes", "--summarize", from).split(/\s/)[0]);
  const size = Math.ceil(bytes * 1.25) + 32 * 1024 ** 2;
  const disk = diskInFile(under, String(size));
  run("cp", "--archive", join(from, "."), disk.folder);
  // What the system remembers would be read in place of the medium.
  disk.remount();
  breakFrom(under, Math.floor(size * share));
  return {
    folder: disk.folder,
    close: () => {
      disk.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: "pipe" });
}
