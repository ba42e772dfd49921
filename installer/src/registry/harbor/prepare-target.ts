import { UsageError } from "../../errors/installer-error.ts";
import type { RegistryTarget } from "../../oci/path-rules.ts";
import type { Http } from "../../platform/content-ports.ts";
import type { Clock, FileSystem, Random } from "../../platform/ports.ts";
import type { CredentialStore } from "../credentials.ts";
import { plainTarget, type TargetPreparation } from "../push/push-target.ts";
import { createRetrier, defaultRetryPolicy, type RetryPolicy } from "../retry.ts";
import { detectHarbor } from "./detect-harbor.ts";
import { createHarborApi } from "./harbor-api.ts";
import { createHarborClient } from "./harbor-client.ts";
import { checkHarborOptions, givenHarborFlags, type HarborOptions, requireProject } from "./harbor-options.ts";
import type { MadeBefore } from "./open-projects.ts";
import { prepareHarbor } from "./prepare-harbor.ts";
import type { RegistryHalf } from "./registry-half.ts";

export interface PrepareTargetRequest {
  readonly target: RegistryTarget;
  readonly http: Http;
  readonly registry: RegistryHalf;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: CredentialStore;
  readonly plainHttp?: boolean;
  readonly idleTimeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly options: HarborOptions;
  readonly made: MadeBefore;
  readonly signal: AbortSignal;
}

/**
 * Finds out what kind of registry the target is, and gives what that kind wants done around a push.
 * @throws UsageError when the target is a Harbor and names no project, or is not a Harbor and flags for Harbor were given
 * @throws RegistryError when nothing answers
 */
export async function prepareTarget(request: PrepareTargetRequest): Promise<TargetPreparation> {
  const { target, http, registry, fs, credentials, options, made, signal } = request;
  const { plainHttp = false, idleTimeoutMs = 60_000, retry = defaultRetryPolicy } = request;
  checkHarborOptions(options);
  const common = { host: target.host, http, plainHttp, idleTimeoutMs };
  // A registry that fails on a path it does not know is not a Harbor, and need not be asked six times.
  const curious = createRetrier(request, { ...retry, attempts: Math.min(2, retry.attempts) });
  const info = await detectHarbor(createHarborApi({ ...common, credentials: undefined, retrier: curious }), signal);
  if (info === undefined) {
    const flags = givenHarborFlags(options);
    if (flags.length === 0) return plainTarget;
    throw new UsageError(`${target.host} is not a Harbor, so ${flags.join(" and ")} mean nothing there`, {
      hint: "leave them out, or name a Harbor in --to",
    });
  }
  requireProject(target);
  const found = await credentials.find(target.host, target.path);
  const password = found?.kind === "password" ? found : undefined;
  const api = createHarborApi({ ...common, credentials: password, retrier: createRetrier(request, retry) });
  const client = createHarborClient(api, password?.username);
  return prepareHarbor({ client, registry, fs, clock: request.clock, credentials: password, options, made });
}
