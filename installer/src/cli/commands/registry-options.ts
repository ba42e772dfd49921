import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { RegistryOptions } from "../../actions/push/registry-options.ts";
import { UsageError } from "../../errors/installer-error.ts";
import type { CliIo } from "../context.ts";
import { parseCount } from "../parse-arguments.ts";

/** What the options below leave behind. */
export interface RegistryFlags {
  readonly caFile?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly plainHttp?: boolean;
  readonly connections?: number;
}

/** The options of every command that speaks to a registry. */
export function declareRegistryOptions(command: Command): Command {
  return command
    .option("--ca-file <file>", "certificate authority of the registry, PEM, besides those of the system")
    .option("--client-cert <file>", "client certificate, PEM")
    .option("--client-key <file>", "key of the client certificate, PEM")
    .option(
      "--username <name>",
      "user at the registry (default: what docker login, podman login, skopeo login and credential helpers know)",
    )
    .option("--password-file <file>", "file with the password, one line")
    .option("--password-stdin", "read the password from standard input")
    .option("--plain-http", "speak plain HTTP to the registry: what is sent, the password too, can be read on the way")
    .addOption(
      new Option("--connections <n>", "connections to the registry at most (default: 8)").argParser(parseCount),
    );
}

/**
 * What the flags say, with absolute paths.
 * @throws UsageError when a password is to be read from a terminal
 */
export function toRegistryOptions(
  flags: RegistryFlags,
  io: Pick<CliIo, "cwd" | "stdinIsTTY" | "readStdin">,
): RegistryOptions {
  const path = (text: string): string => resolve(io.cwd, text);
  const { caFile, clientCert, clientKey, username, passwordFile, connections } = flags;
  if (flags.passwordStdin === true && (io.stdinIsTTY || io.readStdin === undefined)) {
    throw new UsageError("--password-stdin was given, and standard input is a terminal", {
      hint: "send the password there, for example --password-stdin < FILE, or name the file with --password-file",
    });
  }
  return {
    plainHttp: flags.plainHttp === true,
    ...(caFile !== undefined && { caFile: path(caFile) }),
    ...(clientCert !== undefined && { clientCertFile: path(clientCert) }),
    ...(clientKey !== undefined && { clientKeyFile: path(clientKey) }),
    ...(username !== undefined && { username }),
    ...(passwordFile !== undefined && { passwordFile: path(passwordFile) }),
    ...(flags.passwordStdin === true && io.readStdin !== undefined && { passwordFromInput: once(io.readStdin) }),
    ...(connections !== undefined && { connections }),
  };
}

/** A command may ask for the password more than once, and standard input can be read once. */
function once(read: () => Promise<string>): () => Promise<string> {
  let text: Promise<string> | undefined;
  return () => (text ??= read());
}
