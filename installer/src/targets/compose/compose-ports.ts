import type { Clock, Docker, Exec, FileSystem, Host, Random } from "../../platform/ports.ts";
import type { Terminal } from "../../platform/terminal.ts";

/** What this target needs of the world. */
export interface ComposePorts {
  readonly docker: Docker;
  readonly exec: Exec;
  readonly terminal: Terminal;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly host: Host;
  readonly clock: Clock;
  /** Tells where the engine is. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}
