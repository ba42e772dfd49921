import { spawn } from "node:child_process";
import { PreflightError } from "../../errors/installer-error.ts";
import type { ExecAuth, GivenCredentials } from "./client-library.js";
import type { ClusterAccess, CredentialProgram } from "./cluster-access.ts";
import type { ClusterLimits } from "./cluster-limits.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a program gave; its certificate comes with its key. */
export interface ProgramCredentials {
  /** Of the header of this name. */
  readonly authorization?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Asks the user's program for credentials, again when they are over. It is ended when it takes too long, and can ask nobody anything.
 * The function that is returned throws PreflightError when it gives none.
 */
export function askProgram(
  access: ClusterAccess,
  env: Environment,
  limits: ClusterLimits,
): () => Promise<ProgramCredentials> {
  const { program, name } = access.user;
  let library: Promise<ExecAuth> | undefined;
  const open = async (): Promise<ExecAuth> => {
    const auth = new (await import("./client-library.js")).ExecAuth();
    auth.execFn = (command, args) =>
      spawn(command, args, {
        env: programEnvironment(access, env),
        stdio: ["ignore", "pipe", "pipe"],
        timeout: limits.programMs,
        killSignal: "SIGKILL",
      });
    return auth;
  };
  return async () => {
    if (program === undefined) return {};
    const auth = await (library ??= open());
    const given: GivenCredentials = { headers: {} };
    try {
      await auth.applyAuthentication({ name, exec: { command: program.command, args: program.args } }, given);
    } catch (error) {
      throw explainProgram(error, access, limits);
    }
    return { authorization: given.headers.Authorization, cert: given.cert, key: given.key };
  };
}

/** The whole environment, as with kubectl: clouds' programs find their accounts there. */
function programEnvironment(access: ClusterAccess, env: Environment): Environment {
  const { program } = access.user;
  if (program === undefined) return env;
  return {
    ...env,
    ...Object.fromEntries(program.env.map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(executionInfo(access, program)),
  };
}

function executionInfo({ server, cluster }: ClusterAccess, program: CredentialProgram): object {
  const { ca, verify, serverName, proxyUrl } = cluster;
  const about = {
    server,
    ...(serverName === undefined ? {} : { "tls-server-name": serverName }),
    ...(verify ? {} : { "insecure-skip-tls-verify": true }),
    ...(ca === undefined ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
    ...(proxyUrl === undefined ? {} : { "proxy-url": proxyUrl }),
  };
  return {
    apiVersion: program.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(program.provideClusterInfo ? { cluster: about } : {}) },
  };
}

/** Puts into our words why the program gave no credentials. What it printed is never quoted: it may be half a credential. */
function explainProgram(error: unknown, access: ClusterAccess, limits: ClusterLimits): unknown {
  const { program, name } = access.user;
  if (program === undefined || !(error instanceof Error)) return error;
  const { command, installHint } = program;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith("spawn") === true) {
    const missing = code === "ENOENT";
    return new PreflightError(
      `${command}, which signs the user ${name} in, ${missing ? "is not installed" : `cannot be started (${code ?? "unknown"})`}`,
      {
        hint: installHint ?? `install it, or correct exec of that user in ${access.file}`,
      },
    );
  }
  const tryIt = `try kubectl --context ${access.context} auth whoami: it may want you to sign in again`;
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return new PreflightError(`${command} did not give credentials for the user ${name}, but something else`, {
      hint: tryIt,
    });
  }
  const said = error.message.trim().split("\n").slice(-10);
  return new PreflightError(
    error.message.trim() === ""
      ? `${command} gave no credentials for the user ${name} within ${limits.programMs / 1000} s, or failed without a word`
      : `${command} gave no credentials for the user ${name}`,
    { hint: tryIt, output: error.message.trim() === "" ? [] : said },
  );
}
