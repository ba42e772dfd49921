import { basename, dirname, join } from "node:path";
import { UsageError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { readRuns } from "../../execute/history/run-history.ts";
import { createRedactor, createSecretFinder } from "../../execute/secrets/redactor.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { withStep } from "../../execute/with-step.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { gzipInto, nowhere, type SupportFile } from "./archive.ts";
import { makeCanary } from "./canary.ts";
import { checkArchive } from "./check-archive.ts";
import { collect, interrupted, type Job, reasonOf, report } from "./collect.ts";
import type { Collector } from "./collector.ts";
import { collectors } from "./collectors/all.ts";
import { knownSecrets } from "./known-secrets.ts";
import type { CollectorList, MissedSubject, SupportBundleRequest, SupportBundleResult } from "./support-request.ts";

/**
 * Collects what helps to find out what is wrong, without secrets, into one file that only its owner reads. Nothing is sent anywhere.
 * @throws PreflightError when nothing is installed, or secrets cannot be read; UsageError for an unknown collector or a file that is there;
 * RedactionError when the finished archive still held a secret: it is deleted; InterruptedError, and nothing is left
 */
export async function supportBundle(request: SupportBundleRequest, ports: ActionPorts): Promise<SupportBundleResult> {
  if (request.listOnly) return listCollectors();
  const chosen = chooseCollectors(request.without);
  const missed: MissedSubject[] = [];
  const install = await openForSupport(request, ports, missed);
  const secrets = await knownSecrets(install, ports.fs);
  const finder = createSecretFinder(secrets.values);
  const redact = createRedactor(finder);
  // A person may have chosen a word of it as a password.
  const folder = redact(`slipway-support-${install.name}`);
  const job: Job = { request, install, secrets, chosen, missed, folder, finder, redact };
  if (request.dryRun) return report(job, await collect(job, nowhere, undefined, ports));
  const out = await chooseOutput(request, ports);
  // A name that nobody can foresee: others may write into the folder, too.
  const random = Buffer.from(ports.random.bytes(6)).toString("hex");
  const partial = join(dirname(out), `.${basename(out)}.${random}.partial`);
  try {
    const { files, size } = await writeChecked(job, partial, ports);
    if (ports.signal.aborted) throw interrupted();
    await ports.bulkFiles.rename(partial, out);
    return { ...report(job, files), path: out, bytes: size };
  } catch (error) {
    throw ports.signal.aborted ? interrupted(error) : error;
  } finally {
    await ports.fs.remove(partial);
  }
}

/** Writes the archive under a name for the time being, and looks through it. */
async function writeChecked(
  job: Job,
  partial: string,
  ports: ActionPorts,
): Promise<{ readonly files: readonly SupportFile[]; readonly size: number }> {
  const { secrets, folder } = job;
  const canary = makeCanary(ports.random);
  const file = await ports.bulkFiles.create(partial, { mode: 0o600 });
  let files: readonly SupportFile[];
  try {
    files = await collect(job, gzipInto(file), canary, ports);
  } finally {
    await file.close();
  }
  await ports.failpoint("support:written");
  const check = { path: partial, folder, files, secrets: secrets.values, canary };
  await withStep(ports, steps.scan, () => checkArchive(check, ports.bulkFiles));
  return { files, size: (await ports.fs.stat(partial))?.size ?? 0 };
}

/**
 * The install as far as its records can be read: of a damaged one a bundle is wanted most.
 * @throws PreflightError when nothing is installed
 */
async function openForSupport(
  { name, stateDir }: InstallTarget,
  ports: ActionPorts,
  missed: MissedSubject[],
): Promise<Install> {
  const layout = stateLayout(stateDir);
  let install: Install;
  try {
    install = await openInstall({ name, stateDir }, ports.fs);
  } catch (error) {
    missed.push({ collector: "records", reason: reasonOf(error) });
    const nothing = { identity: undefined, plan: undefined, pendingPlan: undefined };
    return { name, stateDir, layout, applied: nothingApplied, ...nothing };
  }
  // A first install may have failed before there was a plan.
  if ((await readRuns(ports.fs, layout.history)).length === 0) await requireInstalledHere(install, ports);
  return install;
}

/** @throws UsageError for a collector that does not exist */
function chooseCollectors(without: readonly string[]): readonly Collector[] {
  const unknown = without.filter((id) => !collectors.some((collector) => collector.id === id));
  if (unknown.length > 0) {
    throw new UsageError(`there is no collector ${unknown.join(", ")}`, {
      hint: `collectors are ${collectors.map(({ id }) => id).join(", ")}`,
    });
  }
  return collectors.filter(({ id }) => !without.includes(id));
}

/** @throws UsageError when the file is there */
async function chooseOutput(
  { out, folder, name, force }: SupportBundleRequest,
  { fs, clock }: Pick<ActionPorts, "fs" | "clock">,
): Promise<string> {
  const stamp = clock.now().toISOString().replace(/\.\d+/, "").replaceAll(/[-:]/g, "");
  const path = out ?? join(folder, `slipway-support-${name}-${stamp}.tar.gz`);
  const there = await fs.stat(path);
  if (there === undefined) return path;
  if (there.directory) throw new UsageError(`${path} is a directory`, { hint: "name a file with -o" });
  if (force) return path;
  throw new UsageError(`${path} is there already`, { hint: "choose another name with -o, or add --force" });
}

function listCollectors(): CollectorList {
  const list = collectors.map(({ id, holds, why }) => ({ id, holds, why }));
  return { apiVersion: "slipway/v1", kind: "CollectorList", collectors: list };
}
