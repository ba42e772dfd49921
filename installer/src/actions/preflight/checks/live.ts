import { join } from "node:path";
import { stateLayout } from "../../../execute/state/layout.ts";
import { adviceOnAbsent, describeAbsent, describeState } from "../../status/describe-state.ts";
import type { CheckContext, CheckFinding } from "../../../targets/check.ts";
import { readCertificates } from "../../../platform/pem.ts";
import { isKnownDefault } from "./known-defaults.ts";
import { liveBackupChecks } from "./live-backups.ts";
import { type LiveCheck, type LiveCheckContext, dayMs, seen } from "./live-check.ts";
import { liveKeyChecks } from "./live-keys.ts";
import { liveRemainsChecks } from "./live-remains.ts";
import { diskSpace } from "./live-space.ts";
import { timers } from "./live-timers.ts";

const readable: LiveCheck = {
  id: "live.readable",
  title: "the installed platform can be looked at",
  why: "a platform that cannot be looked at may be broken unnoticed",
  severity: "failure",
  run: ({ status }) => {
    if (status === undefined || !("unknown" in status)) return [];
    return [
      {
        message: `the state of the platform is not known: ${status.unknown}`,
        remedy: "correct that first; checks of the running platform say nothing until then",
      },
    ];
  },
};

const records: LiveCheck = {
  id: "live.records",
  title: "the records of what runs under this name are here",
  why: "without them a platform that runs is taken for one that is not installed",
  severity: "failure",
  run: ({ elsewhere }) => (elsewhere === undefined ? [] : [{ message: elsewhere.message, remedy: elsewhere.hint }]),
};

const complete: LiveCheck = {
  id: "live.complete",
  title: "the last change is complete",
  why: "components may serve and still lack what a failed or interrupted install did not do",
  severity: "failure",
  run: (context) => {
    const since = seen(context)?.changeSince;
    if (since === undefined) return [];
    return [
      {
        message: `the change begun at ${since} is not complete`,
        remedy: "unless an install is at work, run the same slipway install again, with its -f and --set, to finish it",
      },
    ];
  },
};

const renewDays = 30;
const mebibyte = 1024 * 1024;
const manyLogsMiB = 200;
const shortestSecret = 16;

const health: LiveCheck = {
  id: "live.health",
  title: "every installed component is healthy",
  why: "a component that is down takes those that need it with it",
  severity: "failure",
  run: (context) => {
    const live = seen(context);
    if (live?.overall === "absent") return [{ message: describeAbsent, remedy: adviceOnAbsent }];
    if (live?.overall === "stopped") return [{ message: "the platform is stopped", remedy: "run slipway start" }];
    return (live?.components ?? [])
      .filter((component) => !component.ok)
      .map((component) => ({
        component: component.id,
        ...(component.severed.length === 0
          ? {
              message: describeState(component),
              remedy: `read slipway logs ${component.id}; slipway start brings it up again`,
            }
          : { message: component.severed.join("; "), remedy: "slipway install makes networks and containers again" }),
      }));
  },
};

const drift: LiveCheck = {
  id: "live.drift",
  title: "what runs is what was installed",
  why: "what was changed by hand is lost with the next install, or breaks it",
  severity: "warning",
  run: (context) => {
    const live = seen(context);
    const changed = (live?.components ?? []).flatMap((component) =>
      // What keeps it from others is told as a failure.
      component.drift
        .filter((difference) => !component.severed.includes(difference))
        .map((difference) => ({
          component: component.id,
          message: difference,
          remedy: "slipway install puts it back; put wanted changes into the values",
        })),
    );
    const foreign = (live?.foreign ?? []).map((container) => ({
      message: `the container ${container} is in this project, and no install of ours made it`,
      remedy: "remove it by hand when nobody needs it",
    }));
    return [...changed, ...foreign];
  },
};

interface SecretFile {
  readonly path: string;
  readonly name: string;
}

/** Every file of the secrets folder; none where nothing is installed. */
async function secretFiles({ fs, stateDir, status }: LiveCheckContext): Promise<readonly SecretFile[]> {
  const folder = stateLayout(stateDir).secrets;
  if (status === undefined || !(await fs.exists(folder))) return [];
  const names = await fs.list(folder);
  return names.filter((name) => !name.startsWith(".")).map((name) => ({ name, path: join(folder, name) }));
}

const certificates: LiveCheck = {
  id: "live.certificates",
  title: "no certificate of the install ends soon",
  why: "browsers and services refuse the platform from that day on",
  severity: "failure",
  run: async (context) => {
    const files = await secretFiles(context);
    const findings = await Promise.all(files.map((file) => checkEnds(context, file)));
    return findings.flat();
  },
};

/** Of every certificate in a file that holds some: one of an authority that ends takes the others with it. */
async function checkEnds(
  { fs, clock, plan }: LiveCheckContext,
  { path, name }: SecretFile,
): Promise<readonly CheckFinding[]> {
  const found = readCertificates(await fs.readText(path)).certificates;
  const given = plan.secrets.some((secret) => secret.name === name && secret.generator.kind === "given-file");
  const remedy = given
    ? "put a new one into the file that the values name, then run slipway install"
    : "run slipway install: it renews the certificates it made";
  const now = clock.now().getTime();
  return found.flatMap(({ certificate, where }): readonly CheckFinding[] => {
    const what = found.length === 1 ? name : `${where} of ${name}`;
    const end = certificate.validToDate;
    const day = end.toISOString().slice(0, 10);
    if (end.getTime() < now) return [{ message: `${what} ended on ${day}`, remedy }];
    if (certificate.validFromDate.getTime() > now) {
      const from = certificate.validFromDate.toISOString().slice(0, 16);
      return [{ message: `${what} is valid only from ${from} on`, remedy: "set the clock right: it is behind" }];
    }
    if (end.getTime() - now > renewDays * dayMs) return [];
    return [{ severity: "warning", message: `${what} ends on ${day}`, remedy }];
  });
}

const secretModes: LiveCheck = {
  id: "live.secret-modes",
  title: "secrets can be read by their owner only",
  why: "any user of the host could read the platform's passwords",
  severity: "failure",
  run: async (context) => {
    const folder = stateLayout(context.stateDir).secrets;
    const files = await secretFiles(context);
    const paths = files.length === 0 ? [] : [folder, ...files.map((file) => file.path)];
    const findings = await Promise.all(
      paths.map(async (path): Promise<readonly CheckFinding[]> => {
        const found = await context.fs.stat(path);
        if (found === undefined || (found.mode & 0o077) === 0) return [];
        const mode = (found.mode & 0o777).toString(8);
        return [{ message: `${path} is open to others (mode ${mode})`, remedy: `chmod go= ${path}` }];
      }),
    );
    return findings.flat();
  },
};

const weakSecrets: LiveCheck = {
  id: "live.weak-secrets",
  title: "no secret is short or a well-known default",
  why: "such passwords are tried first",
  severity: "failure",
  run: async (context) => {
    const files = (await secretFiles(context)).filter((file) => !/certificate|publicKey/.test(file.name));
    const findings = await Promise.all(
      files.map(async ({ path, name }): Promise<readonly CheckFinding[]> => {
        const value = (await context.fs.readText(path)).trim();
        const remedy = "give a longer one, made at random, where it comes from: the values, or the external service";
        if (
          isKnownDefault(
            value,
            context.plan.components.map(({ id }) => id),
          )
        )
          return [{ message: `${name} is a well-known default`, remedy }];
        if (value.length >= shortestSecret) return [];
        return [{ severity: "warning", message: `${name} has only ${value.length} characters`, remedy }];
      }),
    );
    return findings.flat();
  },
};

const secretsPresent: LiveCheck = {
  id: "live.secrets",
  title: "secrets are those that the platform runs with",
  why: "without them no change can be made, and what was changed is taken over by the next install",
  severity: "failure",
  run: (context) =>
    (seen(context)?.secrets ?? []).map(({ state, message, hint }) => ({
      severity: state === "gone" ? "failure" : "warning",
      message,
      remedy: hint,
    })),
};

const logSizes: LiveCheck = {
  id: "live.log-sizes",
  title: "logs stay within their limits",
  why: "logs without a limit fill the disk",
  severity: "warning",
  run: async (context) => {
    if (context.status === undefined) return [];
    const findings: CheckFinding[] = [];
    const folder = stateLayout(context.stateDir).logs;
    const own = (await context.fs.exists(folder)) ? await sizeOf(context, folder) : 0;
    if (own > manyLogsMiB * mebibyte) {
      findings.push({
        message: `the logs of slipway itself take ${Math.round(own / mebibyte)} MiB`,
        remedy: `remove old ones: ${folder}`,
      });
    }
    return findings;
  },
};

async function sizeOf({ fs }: CheckContext, folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await fs.list(folder)).map(async (name) => (await fs.stat(join(folder, name)))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Checks of a platform that is installed; each is silent when none is. */
export const liveChecks: readonly LiveCheck[] = [
  readable,
  records,
  complete,
  health,
  drift,
  certificates,
  secretsPresent,
  secretModes,
  weakSecrets,
  ...liveKeyChecks,
  logSizes,
  diskSpace,
  ...liveRemainsChecks,
  ...liveBackupChecks,
  timers,
];
