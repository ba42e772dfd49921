import { backupJobs, onlyReading } from "./components/backup.ts";
import type { Component, Job, Plan } from "./model.ts";
import { isSecretSlot, slotsOf } from "./text.ts";

/** The part of a plan that keeps data, with what prepares it: nobody is let in, and nobody works on it. */
export function storesOnly(plan: Plan): Plan {
  const components = plan.components.filter(keepsData);
  const kept = new Set(components.map(({ id }) => id));
  const jobs = plan.jobs.filter(
    ({ component, reaches }) => kept.has(component) && reaches.every((ref) => kept.has(ownerOf(ref))),
  );
  return { ...withoutDoors(plan), components, jobs };
}

/** The part of a plan that reads backups: it needs no service of the platform, and no secret but those that open them. */
export function backupsOnly(plan: Plan): Plan {
  const ids: readonly string[] = Object.values(backupJobs);
  const jobs = plan.jobs.filter(({ id }) => ids.includes(id)).map(onlyReading);
  const owners = new Set(jobs.map(({ component }) => component));
  return {
    ...withoutDoors(plan),
    components: plan.components.filter(({ id }) => owners.has(id)),
    jobs,
    secrets: plan.secrets.filter(({ name }) => jobs.some((job) => readsSecret(job, name))),
  };
}

function readsSecret({ container }: Job, name: string): boolean {
  return container.files.some(
    ({ contents }) =>
      contents.kind === "json" && slotsOf(contents.value).some((slot) => isSecretSlot(slot) && slot.name === name),
  );
}

function keepsData({ presence, workload, volumes }: Component): boolean {
  const isStore = volumes.some(({ copiedAs }) => copiedAs !== undefined);
  return isStore || presence === "external" || (workload === undefined && volumes.length > 0);
}

function withoutDoors(plan: Plan): Plan {
  return { ...plan, listeners: [], routes: [], wires: [], edgeKeys: [], insideKeys: [] };
}

/** `postgres` of the endpoint `postgres.sql`. */
function ownerOf(endpoint: Job["reaches"][number]): string {
  return endpoint.split(".", 1)[0] ?? endpoint;
}
