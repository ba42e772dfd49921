import { ApplyError, type InstallerError, PreflightError } from "../../errors/installer-error.ts";
import { findProgram } from "../exec.ts";
import type { EngineEndpoint } from "./engine-endpoint.ts";

/** What the engine said instead of doing what it was asked. */
export class EngineRefusal extends ApplyError {
  readonly status: number;
  readonly reason: string;

  constructor(what: string, status: number, reason: string) {
    super(`docker refused ${what}: ${reason}`);
    this.name = ApplyError.name;
    this.status = status;
    this.reason = reason;
  }
}

interface LibraryError {
  readonly message: string;
  readonly code?: string;
  /** Of an answer that was not a success. */
  readonly statusCode?: number;
  readonly json?: unknown;
}

/** Puts into our words what a call to the engine failed with. */
export function explainEngineError(
  error: unknown,
  what: string,
  endpoint: EngineEndpoint,
  searchPath: string | undefined,
): unknown {
  if (!(error instanceof Error)) return error;
  const known: LibraryError = error;
  if (known.statusCode === undefined) return explainConnectionError(error, endpoint, searchPath);
  const reason = reasonOf(known);
  if (endpoint.kind === "tcp" && reason.includes("HTTP request to an HTTPS server")) {
    return new PreflightError(`the docker engine at ${endpoint.address} speaks TLS only`, {
      hint: "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use a docker context with its certificates",
      cause: error,
    });
  }
  return new EngineRefusal(what, known.statusCode, reason);
}

/** docker-modem wraps the engine's own words: `(HTTP code 404) no such container - No such container: x `. */
function reasonOf({ json, message, statusCode }: LibraryError): string {
  const said = (json as { message?: unknown } | null | undefined)?.message;
  if (typeof said === "string") return said;
  const own = message.replace(/^\(HTTP code \d+\) .*? - /s, "").trim();
  return own === "" ? `status ${statusCode ?? 0}` : own;
}

const tlsProblem = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/;

function explainConnectionError(
  error: NodeJS.ErrnoException,
  endpoint: EngineEndpoint,
  searchPath: string | undefined,
): InstallerError {
  const place = placeOf(endpoint);
  const code = error.code ?? "";
  if (tlsProblem.test(code)) {
    return new PreflightError(`no trusted connection to the docker engine at ${place}: ${error.message}`, {
      hint: "check the certificates in DOCKER_CERT_PATH or of the docker context, and that the engine speaks TLS",
      cause: error,
    });
  }
  switch (code) {
    case "SSH_FAILED":
      return new PreflightError(`the docker engine at ${place} cannot be reached`, {
        hint: "check that ssh gets there without asking for a password, and that docker is installed there",
        details: error.message.split("\n"),
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new PreflightError(`no permission to use the docker engine at ${place}`, {
        hint: "run with sudo, or add your user to the group docker and log in again",
        cause: error,
      });
    case "ENOENT":
    case "ECONNREFUSED":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "ETIMEDOUT":
      return notRunning(error, endpoint, searchPath);
    default:
      return new ApplyError(`the connection to the docker engine at ${place} broke: ${error.message}`, {
        cause: error,
      });
  }
}

function notRunning(error: Error, endpoint: EngineEndpoint, searchPath: string | undefined): PreflightError {
  if (endpoint.kind === "ssh") {
    return new PreflightError("ssh is not installed", {
      hint: "install it (Debian, Ubuntu: apt-get install openssh-client)",
    });
  }
  return findProgram("docker", searchPath) === undefined
    ? new PreflightError("docker is not installed", {
        hint: "install docker 24 or later (Debian, Ubuntu: apt-get install docker.io)",
        cause: error,
      })
    : new PreflightError(`the docker engine is not running: nothing answers at ${placeOf(endpoint)}`, {
        hint: "start it (systemctl start docker, or service docker start)",
        cause: error,
      });
}

/** The engine's place in messages. */
export function placeOf(endpoint: EngineEndpoint): string {
  return endpoint.kind === "unix" ? endpoint.socketPath : endpoint.address;
}

/** Waits for a call and lets it be when the engine refused it with one of these statuses. */
export async function unless(fine: readonly number[], call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineRefusal && fine.includes(error.status))) throw error;
  }
}
