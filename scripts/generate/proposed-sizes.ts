import { demandOf, diskFor, type Estimate, memoryFor, usualEstimate } from "../../installer/src/actions/init/sizing.ts";
import { profileValues } from "../../installer/test/support/infra-plan.ts";
import { valuesSections } from "../../installer/src/plan/values-sections.ts";
import { quantityBytes } from "../../installer/src/values/quantity.ts";
import { runsHere } from "../../installer/src/values/section.ts";

const shown: readonly Estimate[] = [
  { users: 10, repositories: 100 },
  usualEstimate,
  { users: 200, repositories: 2000 },
  { users: 1000, repositories: 20_000 },
];

/** What `init` proposes for people and repositories: how, and what comes out, both of the function that it asks. */
export function proposedSizes(): string {
  const values = profileValues("standard", ["domain=hub.example.org"]);
  const sections = valuesSections().filter((section) => runsHere(values, section));
  const growing = sections.filter(({ growth }) => growth !== undefined);
  const per = (amount: number | undefined, times: number, unit: string): string =>
    amount === undefined ? "" : `${Number((amount * times).toFixed(1))} ${unit}`;
  const rule = growing.map(({ key, growth }) => {
    const { memoryPerUser, memoryPerRepository, diskPerUser, diskPerRepository } = growth ?? {};
    const cells = [per(memoryPerUser, 10, "MiB"), per(memoryPerRepository, 1000, "MiB")];
    return `| \`${key}\` | ${[...cells, per(diskPerUser, 10, "GiB"), per(diskPerRepository, 1000, "GiB")].join(" | ")} |`;
  });
  const memory = growing.map((section) => {
    const cells = shown.map((estimate) => memoryFor(section, values, estimate));
    return `| \`${section.key}\` | ${cells.join(" | ")} |`;
  });
  const sums = shown.map((estimate) => {
    const all = demandOf(sections, values, estimate).memory;
    return (all.reduce((sum, { usual }) => sum + quantityBytes(usual), 0) / 2 ** 30).toFixed(1);
  });
  const disks = growing.flatMap((section) => {
    const cells = shown.map((estimate) => diskFor(section, values, estimate));
    return cells[0] === undefined ? [] : [`| \`${section.key}\` | ${cells.join(" | ")} |`];
  });
  const heads = shown.map(({ users, repositories }) => `${users} people, ${repositories} repositories`).join(" | ");
  const right = shown.map(() => "---:").join(" | ");
  return `## What \`init\` proposes

\`slipway init\` asks how many people work with the platform on a usual day and how many repositories it will hold, or takes
\`--users\` and \`--repositories\`. The defaults are meant for ${usualEstimate.users} and ${usualEstimate.repositories}. From there each component that grows gets more or less for
each of them:

| Values | Memory for 10 people | for 1000 repositories | Disk for 10 people | for 1000 repositories |
| --- | ---: | ---: | ---: | ---: |
${rule.join("\n")}

These are assumptions, chosen so that the defaults leave an empty hub several times what it was measured to take; nothing of the growth itself was
measured. Memory is rounded up to 64 MiB, disk to a GiB, and nothing goes under the least that a component starts with. What all ask for together is then
made to fit: memory to 80 % of the host's, disk to 70 % of what is free where data will lie, each component alike, none under its least.
What does not fit is said, in the file as well, with what to do. What \`-f\` and \`--set\` say stays. Everything stands in the file as a value
that you can change.

Memory in MiB, where the host has it:

| Values | ${heads} |
| --- | ${right} |
${memory.join("\n")}
| all of \`standard\`, in GiB | ${sums.join(" | ")} |

Disk in GiB, where there is room:

| Values | ${heads} |
| --- | ${right} |
${disks.join("\n")}

`;
}
