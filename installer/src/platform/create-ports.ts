import { InternalError } from "../errors/installer-error.ts";
import type { Clock, Docker, Exec, Failpoint, FileSystem, Host, Locks, ProcessInfo, Random } from "./ports.ts";

export interface PlatformPorts {
  readonly docker: Docker;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  readonly locks: Locks;
  readonly random: Random;
  readonly process: ProcessInfo;
  readonly failpoint: Failpoint;
}

/** The adapters of the real world; `cli/` calls it once and adds `report` and `signal`. */
export function createPlatformPorts(_env: Readonly<Record<string, string | undefined>>): PlatformPorts {
  throw new InternalError("the platform adapters are not built yet");
}
