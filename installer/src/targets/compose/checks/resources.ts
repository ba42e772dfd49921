import type { Container, Plan } from "../../../plan/model.ts";
import type { CheckFinding } from "../../check.ts";
import { nearestExisting } from "../../host/directories.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
const imagesGiB = { built: 12, present: 2 };
const stateMiB = 256;
const fewInodes = 50_000;

interface User {
  readonly id: string;
  readonly container: Container;
}

/** Containers that run all the time; jobs come and go between them. */
function containersOf(plan: Plan): readonly User[] {
  return plan.components.flatMap(({ id, workload }) =>
    workload === undefined ? [] : [{ id, container: workload.container }],
  );
}

const memory: ComposeCheck = {
  id: "resources.memory",
  title: "there is memory for every component",
  why: "a component that gets no memory is ended by the kernel again and again",
  severity: "failure",
  run: (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    const users = containersOf(context.plan);
    const limits = users.reduce((sum, { container }) => sum + container.resources.memoryMiB * mebibyte, 0);
    const tooBig = users.filter(({ container }) => container.resources.memoryMiB * mebibyte > info.memoryBytes);
    if (tooBig.length > 0) return tooBig.map((user) => tooLarge(user, info.memoryBytes));
    // Measured: an idle platform takes less than an eighth of its limits.
    if (info.memoryBytes < limits / 4) {
      return [
        {
          message: `the engine has ${inGiB(info.memoryBytes)} of memory and the components' limits add up to ${inGiB(limits)}`,
          remedy: "give the host more memory, or leave components out (--without) or outside (mode external)",
        },
      ];
    }
    if (info.memoryBytes >= limits) return [];
    return [
      {
        severity: "warning",
        message: `the components' memory limits add up to ${inGiB(limits)}, the engine has ${inGiB(info.memoryBytes)}`,
        remedy: "fine for trying it out; under load give the host more memory or lower resources.memory",
      },
    ];
  },
};

function tooLarge({ id, container }: User, memoryBytes: number): CheckFinding {
  return {
    component: id,
    message: `its memory limit of ${container.resources.memoryMiB} MiB is more than the engine has (${inGiB(memoryBytes)})`,
    remedy: "lower its resources.memory, or give the host more memory",
  };
}

const cpus: ComposeCheck = {
  id: "resources.cpu",
  title: "there are processors for every component",
  why: "the engine refuses a container that may use more processors than there are",
  severity: "failure",
  run: (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    const users = [...containersOf(context.plan), ...context.plan.jobs];
    const tooMany = users
      .filter(({ container }) => container.resources.cpus > info.cpus)
      .map(
        ({ id, container }): CheckFinding => ({
          component: id,
          message: `may use ${container.resources.cpus} processors and the engine has ${info.cpus}`,
          remedy: `set its resources.cpus to ${info.cpus} or less`,
        }),
      );
    if (tooMany.length > 0 || info.cpus >= 2) return tooMany;
    return [
      { severity: "warning", message: "the engine has one processor", remedy: "two are the least for daily use" },
    ];
  },
};

const disk: ComposeCheck = {
  id: "resources.disk",
  title: "there is disk space for images, data and records",
  why: "a full disk stops every store at once, databases in the middle of a write",
  severity: "failure",
  run: async (context) => {
    const info = engineInfo(context);
    const { dataDir } = context.plan.settings;
    // What the values say the stores may grow to.
    const declared = context.plan.components
      .flatMap((component) => component.volumes)
      .reduce((sum, volume) => sum + volume.sizeGiB * gibibyte, 0);
    const findings: CheckFinding[] = [];
    if (info !== undefined) {
      const needed = (await imagesMissing(context)) ? imagesGiB.built : imagesGiB.present;
      findings.push(
        ...(await checkSpace(context, info.dataRoot, {
          what: dataDir === undefined ? "images and volumes" : "images",
          needed: needed * gibibyte,
          advised: dataDir === undefined ? declared : 0,
        })),
      );
    }
    if (dataDir !== undefined) {
      findings.push(
        ...(await checkSpace(context, dataDir, {
          what: "data",
          needed: 2 * gibibyte,
          advised: declared,
        })),
      );
    }
    const records = { what: "records and secrets", needed: stateMiB * mebibyte, advised: 0 };
    return [...findings, ...(await checkSpace(context, context.stateDir, records))];
  },
};

interface Space {
  readonly what: string;
  readonly needed: number;
  readonly advised: number;
}

async function checkSpace(context: ComposeCheckContext, path: string, space: Space): Promise<readonly CheckFinding[]> {
  const place = await nearestExisting(context, path);
  // The engine's own directory is not always one this user, or this machine, can see.
  const free = await context.fs.freeBytes(place).catch(() => undefined);
  if (free === undefined) return [];
  if (free < space.needed) {
    return [
      {
        message: `${path} has ${inGiB(free)} free and ${inGiB(space.needed)} are needed for ${space.what}`,
        remedy:
          "free space there, or move it to a larger disk (values: dataDir; engine: data-root; records: --state-dir)",
      },
    ];
  }
  if (free >= space.advised) return [];
  return [
    {
      severity: "warning",
      message: `the volumes may grow to ${inGiB(space.advised)} and ${path} has ${inGiB(free)} free`,
      remedy:
        "fine for trying it out; for daily use have a larger disk, or say smaller sizes in the values (storage.size)",
    },
  ];
}

async function imagesMissing({ plan, docker }: ComposeCheckContext): Promise<boolean> {
  const references = [...new Set(containersOf(plan).map(({ container }) => container.image.reference))];
  return (await docker.imageIds(references)).size < references.length;
}

const inodes: ComposeCheck = {
  id: "resources.inodes",
  title: "the disk has room for many small files",
  why: "git repositories and image layers are many small files; a disk without inodes is full",
  severity: "warning",
  run: async (context) => {
    const info = engineInfo(context);
    const places = [info?.dataRoot, context.plan.settings.dataDir].filter((path) => path !== undefined);
    const findings = await Promise.all(places.map(async (path) => await checkInodes(context, path)));
    return findings.flat();
  },
};

async function checkInodes(context: ComposeCheckContext, path: string): Promise<readonly CheckFinding[]> {
  const place = await nearestExisting(context, path);
  const result = await context.exec
    .run("df", ["-Pi", place], { allowFailure: true, timeoutMs: 10_000, signal: context.signal })
    .catch(() => undefined);
  const fields = result?.stdout.trim().split("\n").at(-1)?.split(/\s+/) ?? [];
  const [, total, , free] = fields.map(Number);
  // File systems that make inodes as they need them say 0 of 0.
  if (total === undefined || free === undefined || !(total > 0) || free >= fewInodes) return [];
  return [
    {
      message: `${path} has only ${free} inodes free`,
      remedy: "remove small files there, or move it to another file system",
    },
  ];
}

function inGiB(bytes: number): string {
  return bytes < gibibyte ? `${Math.floor(bytes / mebibyte)} MiB` : `${(bytes / gibibyte).toFixed(1)} GiB`;
}

export const resourceChecks: readonly ComposeCheck[] = [memory, cpus, disk, inodes];
