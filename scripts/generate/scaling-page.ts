import { type Proof, proofs } from "../../installer/test/contract/proof.ts";
import { exampleOf, referencePlan } from "../../installer/test/support/compose-reference.ts";
import type { Component, Plan, Workload } from "../../installer/src/plan/model.ts";
import { signInLimit } from "../../installer/src/plan/groups/casdoor-client.ts";
import type { Generator } from "./generated-file.ts";
import { renderProofs } from "./render-proofs.ts";

interface Row {
  readonly keeps: string;
  /** What lets several run side by side, or forbids it, and what bounds them. */
  readonly limits: string;
  /** What people notice when one is lost. */
  readonly lost: string;
}

const nothing = "nothing";
/** Of a component that was just added. */
const notKnown: Row = { keeps: "not known", limits: "not known", lost: "not known" };
const yours = "yours";

/** What was read in the source of each program at the version that runs here, or was seen; see "How it is known" below the table. */
const rows: Readonly<Record<string, Row>> = {
  "csghub-server": {
    keeps: "nothing; uploads in passing",
    limits:
      "any number: what only one may do it does under a lock in Redis. At its start it looks at its tables under such a lock, too: of two that start in the same moment one ends and is started again. PostgreSQL and Gitaly bound what more of them bring",
    lost: "requests in its hands fail, also a push; the others go on",
  },
  "csghub-user": {
    keeps: nothing,
    limits: "any number: they share its queue in Temporal",
    lost: "requests in its hands fail",
  },
  "csghub-accounting": {
    keeps: nothing,
    limits: "any number: they share one durable consumer in NATS, and each message goes to one of them",
    lost: "messages that it had not confirmed are delivered again",
  },
  "csghub-repo-sync": {
    keeps: nothing,
    limits:
      "any number: jobs stand in PostgreSQL, and each is taken by one. Gitaly and the place they read from bound them",
    lost: "its jobs count as stuck and are taken up again by another",
  },
  "csghub-lfs-sync": {
    keeps: nothing,
    limits: "any number, in the same way. The object store and the place they read from bound them",
    lost: "its jobs count as stuck and are taken up again by another",
  },
  "csghub-rproxy": {
    keeps: "nothing; sessions are cookies",
    limits: "any number. Applications in their clusters bound them",
    lost: "open connections to applications end; the next one works",
  },
  "csghub-dataviewer": {
    keeps: "files of a dataset while it converts them",
    limits: "any number: a conversion stays with the one that began it. Its memory bounds what one converts",
    lost: "a conversion in its hands ends, and that dataset has no preview until it is converted again",
  },
  "csghub-notifier": {
    keeps: nothing,
    limits: "any number: they share durable consumers in NATS. The mail server bounds them",
    lost: "messages that it had not confirmed are delivered again, so that somebody may get one twice",
  },
  "csghub-aigateway": {
    keeps: "nothing; what it knows of models' health is in Redis",
    limits: "any number: one of them, chosen through Redis, asks the models how they are. The models bound them",
    lost: "answers that it was passing on end in the middle; another one is chosen",
  },
  "csghub-temporal-worker": {
    keeps: nothing,
    limits:
      "any number: they share queues in Temporal. Schedules are made there by name, and one that is there already is left as it is, so each runs once",
    lost: "Temporal gives its tasks to another after their time limit",
  },
  "csghub-portal": {
    keeps: "nothing; who is signed in stands in cookies",
    limits: "any number: its tables are made by a job before, not by each at its start",
    lost: "requests in its hands fail",
  },
  registry: {
    keeps: "nothing; layers are in the object store",
    limits: "any number: uploads in several parts are signed with one key that all have. The object store bounds them",
    lost: "a push or pull in its hands fails; clients try again",
  },
  "landing-page": { keeps: nothing, limits: "any number", lost: "nothing" },
  gateway: {
    keeps: `nothing; but each counts for itself how often one address signs in, so the ${signInLimit.perMinute} times a minute that are allowed are allowed at each copy`,
    limits: "any number. With `cluster.exposure.kind: hostPort` at most one a node",
    lost: "requests in its hands fail, also long transfers",
  },
  "redis-tunnel": {
    keeps: nothing,
    limits: "any number; runs only where Redis speaks TLS",
    lost: "connections to Redis through it end and are made anew",
  },
  "gitlab-shell": {
    keeps: "nothing; host keys are the install's",
    limits: "any number: `gitlabShell.replicas`. The profile leaves it at one, like the Gitaly that it leads to",
    lost: "Git over SSH until another one runs; Git over HTTP goes on",
  },
  gitaly: {
    keeps: "repositories, on its claim",
    limits:
      "one: a repository is on one storage of one Gitaly. To have copies of each repository takes Praefect in front, which is not part of the platform",
    lost: "repositories cannot be read, cloned or pushed to until it runs again, where its claim can be attached; a storage class that copies data over nodes is what lets it outlast one",
  },
  nats: {
    keeps: "messages between programs, on its claim",
    limits: "one. A cluster of NATS servers of yours is `nats.mode: external`",
    lost: "messages, meters and notices wait; programs do not end, and go on when it is back",
  },
  temporal: {
    keeps: "nothing; workflows are in PostgreSQL",
    limits: "one: it tells others an address that only it can reach. A Temporal of yours is `temporal.mode: external`",
    lost: "background work stands still and goes on when it is back; programs do not end",
  },
  casdoor: {
    keeps: "nothing; people are in PostgreSQL, sessions in Redis",
    limits:
      "one: it makes its tables and first rows at its start without a lock, and keeps codes of sign-in on devices in its memory; two were not tried. One of yours is `casdoor.mode: external`",
    lost: "nobody signs in until it runs again; who is signed in to the hub stays so",
  },
  postgres: {
    keeps: "what everything hangs on",
    limits: yours,
    lost: "everything stands still; programs go on when it is back",
  },
  redis: {
    keeps: "sessions, locks, caches",
    limits: `${yours}, without Sentinel, see below`,
    lost: "most programs cannot start, and locks are not to be had",
  },
  minio: {
    keeps: "large files, images, uploads",
    limits: yours,
    lost: "no large file and no image is read or written",
  },
};

const inCluster = "contract/scaling";
const spread = proofs(inCluster, "asks for zones first and nodes next, and keeps off a node of its own where it can");
const nodeLoss = proofs(
  inCluster,
  "serves with all that is several when node $name of three zones is lost",
  "serves with all that is several when zone %s is lost",
);
const drain = proofs(inCluster, "lets every node be drained, and keeps at least one of all that is several meanwhile");
const update = proofs(inCluster, "replaces pods of what is several one by one, each after the new one serves");
const early = proofs(inCluster, "adds pods early enough that the others can do the work of one that is lost");
const bounded = proofs(inCluster, "comes to rest between its least and its most, whatever the load");
const held = proofs(
  "autoscaled",
  "keeps the pods of a workload whose number the release says no more",
  "leaves a workload alone that the autoscaler gave more pods",
);

/** docs/scaling.md: the profile for a cluster that may lose a machine, and what of it may run how often. */
export const generateScalingPage: Generator = () =>
  Promise.resolve([{ path: "docs/scaling.md", contents: renderPage(referencePlan("ha")) }]);

function renderPage(plan: Plan): string {
  const running = plan.components.filter(({ workload }) => workload !== undefined);
  const outside = plan.components.filter(({ presence }) => presence === "external");
  return `<!-- Generated by scripts/generate/scaling-page.ts. Edit that, then run: npm run generate -->

# Scaling, and losing a machine

The profile \`ha\` runs CSGHub on a cluster that may lose a node or a zone. What can run several times does, spread over zones and nodes;
PostgreSQL, Redis and the object store are [yours](external-services.md), made highly available by whoever runs them. Some components still run once:
the table says which, why, and what is missing while they are away.

It needs a cluster: on one Docker host it is refused before anything is touched. The size of \`standard\` on one host is in [sizing](sizing.md).

\`\`\`sh
slipway validate --profile ha -f values.yaml
slipway install --mode helm --profile ha -f values.yaml
\`\`\`

What the values have to say, from \`values/examples/ha.yaml\`; \`slipway validate\` names what is missing:

\`\`\`yaml
${withoutHead(exampleOf("ha") ?? "")}\`\`\`

## What runs how often

Least and most are containers, as the profile has them; \`<component>.replicas\` and \`maxReplicas\` of the [values](values.md) change them.

| Component | Least | Most | Keeps | What bounds it | When one is lost |
| --- | ---: | ---: | --- | --- | --- |
${[...running, ...outside].map(tableRow).join("\n")}

The least of all together may use ${inGiB(sum(running, leastOf))} GiB of memory, the most ${inGiB(sum(running, mostOf))} GiB: limits, added up. Memory is reserved in full, processors in
part (\`cluster.cpuRequestPercent\`). An install looks whether the nodes have room for the least.

**How it is known.** Nobody ran this profile with people on it yet. That programs do not end, and go on, when PostgreSQL, Redis, NATS, Temporal, Gitaly, the
object store or Casdoor is stopped and comes back, was seen with csghub-server 2.4.0-ce; so was the lock at the start of the server. What lets several run
side by side, and what is lost with one, was read in the source of that version and of Casdoor 3.62.0. Where copies lie and how many serve is simulated on the objects
that the chart makes:

| Promise | Shown by |
| --- | --- |
${(
  [
    [
      "Copies are asked to lie in different zones, then on different nodes: a wish, so that a small cluster takes them, too",
      spread,
    ],
    [
      "With six nodes in three zones that have room, the loss of any node or zone leaves one of all that is several",
      nodeLoss,
    ],
    ["A node can always be drained; of what is several one at a time is away (\`maxUnavailable: 1\`)", drain],
    ["An update of what is several never has fewer that serve than before: one more is started first", update],
  ] satisfies readonly (readonly [string, readonly Proof[]])[]
)
  .map(([promise, shown]) => `| ${promise} | ${renderProofs(shown)} |`)
  .join("\n")}

A scheduler puts a copy elsewhere when the nodes that the wish asks for have no room, and never moves one that runs: after a lost node
came back, copies stay where they are until the next update. \`slipway restart\` ends all copies of a component at once.

## Autoscaling

Where \`maxReplicas\` is more than \`replicas\`, the chart makes a HorizontalPodAutoscaler. The profile does so for ${names(running.filter(isAutoscaled))}: they work
while somebody waits, and mostly with the processor. Programs that take work from queues wait for others most of the time, so that their use of
the processor says little: give them more \`replicas\` instead. It needs metrics-server in the cluster; without it each stays at its least, and an install warns.

| Number | Why | Shown by |
| --- | --- | --- |
| half of the processor limit of one copy: more use adds one | with two copies, the one that is left can do the work of both; the share of a request would say little, because requests are a part of the limits | ${renderProofs(early)} |
| between least and most | no load takes it beyond | ${renderProofs(bounded)} |
| most: ${mostOfAutoscaled(running)} | chosen, not measured: twice the least. What they share, PostgreSQL first, does not grow with them; raise it while that has room | – |

The release says no number of pods for these, because helm and the autoscaler would undo each other's. An install sees to it that there
are never fewer than the least, also after a stop or when a fixed number becomes an open one: ${renderProofs(held)}.

## PostgreSQL

Programs of the hub put no bound on their connections, and Temporal holds about 48 ([sizing](sizing.md#what-grows-with-people-and-repositories)). Let the server
allow 200 or more, and watch it when you raise \`replicas\`. An operator such as CloudNativePG makes a server that outlasts a node. Make its
\`Cluster\` yourself: the platform takes it like any other server, by the name of the service that leads to the one that may be written to
(\`postgres.external.host\`), the operator's authority (\`caFile\`), and an administrator or the roles' own passwords. It was not tried here.

## Redis, without Sentinel

The hub has settings for Sentinel, but its lock for migrations and its distributed locks do not use them, and Casdoor has none. With Sentinel
alone, a part of the programs would go on with a server that is no master any more. What works is one address that always leads to the
master: a proxy in front of Sentinel, or a managed service. With \`tls: true\` the way leads through \`redis-tunnel\`, of which the profile runs two.

## A node that is lost with a claim

Gitaly and NATS have claims that one node may use at a time. A cluster waits until it takes a silent node for lost, and detaches its claims
later still; both are settings of the cluster. Until then these two do not run anywhere else. Where that is too long, use a storage class that
detaches faster, NATS of your own, and a node of its own for Gitaly.
`;
}

function tableRow({ id, workload }: Component): string {
  const row = rows[id] ?? notKnown;
  const [least, most] = workload === undefined ? ["", ""] : [leastOf(workload), mostOf(workload)];
  return `| ${[`\`${id}\``, least, most, row.keeps, row.limits, row.lost].join(" | ")} |`;
}

function leastOf({ replicas }: Workload): number {
  return replicas;
}

function mostOf({ replicas, maxReplicas }: Workload): number {
  return maxReplicas ?? replicas;
}

function isAutoscaled({ workload }: Component): boolean {
  return workload?.maxReplicas !== undefined;
}

function mostOfAutoscaled(components: readonly Component[]): string {
  const all = components.flatMap(({ workload }) => workload?.maxReplicas ?? []);
  return [...new Set(all)].join(", ");
}

function names(components: readonly Component[]): string {
  const all = components.map(({ id }) => `\`${id}\``);
  return `${all.slice(0, -1).join(", ")} and ${all.at(-1) ?? ""}`;
}

/** Memory limits in MiB of so many copies of each. */
function sum(components: readonly Component[], copies: (workload: Workload) => number): number {
  return components.reduce(
    (total, { workload }) =>
      total + (workload === undefined ? 0 : copies(workload) * workload.container.resources.memoryMiB),
    0,
  );
}

function inGiB(mebibytes: number): string {
  return (mebibytes / 1024).toFixed(1);
}

/** Without the comments at its beginning, which are for those who edit the file. */
function withoutHead(text: string): string {
  return text.replace(/^(#.*\n)+/, "");
}
