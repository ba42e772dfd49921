import { InterruptedError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import type { Redactor, SecretFinder } from "../../execute/secrets/redactor.ts";
import type { Install } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { ActionPorts } from "../context.ts";
import { history } from "../history/history.ts";
import { type ArchiveSink, createSupportArchive, type SupportArchive, type SupportFile } from "./archive.ts";
import { type Canary, canaryPath } from "./canary.ts";
import type { Collector, CollectorContext, Looks } from "./collector.ts";
import { collectors } from "./collectors/all.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { MissedSubject, SupportBundleReport, SupportBundleRequest } from "./support-request.ts";

/** One support bundle. */
export interface Job {
  readonly request: SupportBundleRequest;
  readonly install: Install;
  readonly secrets: KnownSecrets;
  readonly chosen: readonly Collector[];
  readonly missed: MissedSubject[];
  /** That all files of the archive lie in. */
  readonly folder: string;
  /** Of all that is known. */
  readonly finder: SecretFinder;
  readonly redact: Redactor;
}

/** Where the list of everything lies in the archive. */
const manifestPath = "manifest.json";

/**
 * Runs the collectors and writes what they hand over, with a list of it.
 * @returns every file that was written
 * @throws InterruptedError; what the sink throws
 */
export async function collect(
  job: Job,
  sink: ArchiveSink,
  canary: Canary | undefined,
  ports: ActionPorts,
): Promise<readonly SupportFile[]> {
  const archive = createSupportArchive(job.finder, job.folder, sink);
  await withStep(ports, steps.collect, async () => {
    const look = looksAt(job.install, ports);
    for (const collector of job.chosen) await runCollector(collector, { ...job, look, archive }, ports);
    if (canary !== undefined) await archive.addPlain({ path: canaryPath, collector: "manifest" }, canary.text);
    const files = [...archive.files];
    await archive.add({ path: manifestPath, collector: "manifest", limit: wholeFile }, (write) => {
      const manifest = { ...report(job, files), kind: "SupportManifest", at: ports.clock.now().toISOString() };
      write(`${JSON.stringify(manifest, undefined, 2)}\n`);
      return Promise.resolve();
    });
    await archive.end();
  });
  return archive.files;
}

/** Of what is no log everything is kept; more than this is a defect. */
const wholeFile = 64 * 2 ** 20;

async function runCollector(
  collector: Collector,
  { request, install, missed, redact, look, archive }: Job & { readonly look: Looks; readonly archive: SupportArchive },
  ports: ActionPorts,
): Promise<void> {
  const { id } = collector;
  const before = archive.files.length;
  const tell = (state: "running" | "done" | "failed", detail?: string): void =>
    ports.report({ type: "item", step: steps.collect.id, id, state, ...(detail === undefined ? {} : { detail }) });
  const note = (error: unknown, subject?: string): void => {
    missed.push({ collector: id, ...(subject === undefined ? {} : { subject }), reason: redact(reasonOf(error)) });
  };
  const add = (path: string, text: string): Promise<void> =>
    archive.add({ path, collector: id, limit: wholeFile }, (write) => {
      write(text);
      return Promise.resolve();
    });
  const context: CollectorContext = {
    ...{ ports, install, look, add },
    place: { name: request.name, stateDir: request.stateDir },
    since: request.since,
    addJson: (path, value) => add(path, `${JSON.stringify(value, undefined, 2)}\n`),
    addStream: (path, limit, fill) => archive.add({ path, collector: id, limit }, fill),
    failed: (subject, error) => note(error, subject),
  };
  const isStopped = (): boolean => ports.signal.aborted;
  if (isStopped()) throw interrupted();
  tell("running");
  try {
    await collector.collect(context);
    const count = archive.files.length - before;
    tell("done", count === 1 ? "1 file" : `${count} files`);
  } catch (error) {
    if (isStopped()) throw interrupted(error);
    note(error);
    tell("failed", redact(reasonOf(error)));
  }
}

/** Each question is asked once, however many collectors have it. */
function looksAt(install: Install, ports: ActionPorts): Looks {
  const { name, stateDir, layout } = install;
  return {
    copies: once(() => ports.target.copies(install)),
    history: once(() => history({ name, stateDir }, ports)),
    runLogs: once(async () => (await ports.fs.list(layout.logs)).filter((file) => file.endsWith(".log"))),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

/** What a bundle with these files is. */
export function report({ request, secrets, missed, chosen }: Job, files: readonly SupportFile[]): SupportBundleReport {
  return {
    apiVersion: "slipway/v1",
    kind: "SupportBundleResult",
    name: request.name,
    since: request.since,
    files,
    missed,
    leftOut: collectors.filter((collector) => !chosen.includes(collector)).map(({ id }) => id),
    secretsKnown: secrets.values.size,
    secretsMissing: secrets.missing,
  };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function interrupted(cause?: unknown): InterruptedError {
  return new InterruptedError("interrupted: no support bundle was written", { cause });
}
