import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own in a folder; to be closed. */
export interface SmallDisk {
  readonly folder: string;
  close(): void;
}

/** Why disks cannot be made here; undefined when they can. */
export function noDisksBecause(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting a small disk needs root";
  try {
    memoryDisk("64k").close();
    return undefined;
  } catch (error) {
    return `a disk cannot be mounted here: ${String(error)}`;
  }
}

/** A disk in memory with room for so much. */
export function memoryDisk(size: string): SmallDisk & { grow(to: string): void; protect(): void } {
  const folder = mkdtempSync(join(tmpdir(), "slipway-disk-"));
  run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder);
  return {
    folder,
    grow: (to) => run("mount", "-o", `remount,size=${to}`, folder),
    protect: () => run("mount", "-o", "remount,ro", folder),
    close: () => unmount(folder),
  };
}

/** An ext4 disk whose bytes are in the file `under`, which need not have room for all of them. */
export function diskInFile(under: string, size: string): SmallDisk & { remount(): void } {
  const folder = mkdtempSync(join(tmpdir(), "slipway-disk-"));
  const mount = (): void => run("mount", "-o", "loop", under, folder);
  writeFileSync(under, "");
  run("truncate", "--size", size, under);
  run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "nodiscard", under);
  mount();
  return {
    folder,
    remount: () => {
      run("umount", folder);
      mount();
    },
    close: () => unmount(folder),
  };
}

/** Makes a medium that cannot be read from `offset` on: what is mounted from the file loses the bytes behind. */
export function breakFrom(under: string, offset: number): void {
  truncateSync(under, Math.floor(offset / 4096) * 4096);
}

function unmount(folder: string): void {
  run("umount", "--lazy", folder);
  mkdirSync(folder, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: "pipe" });
}
