/** One way in which Kubernetes is not Compose, although the plan is the same. */
export interface TargetDifference {
  readonly id: string;
  /** What a comparison of both outputs calls it; several entries may share one. Absent when neither output shows it. */
  readonly field?: string;
  /** The only component or job it may concern. */
  readonly unit?: string;
  readonly compose: string;
  readonly helm: string;
  readonly reason: string;
}

/** Everything that may differ between the two targets. The parity test fails on any other difference; `docs/parity.md` is made from this. */
export const targetDifferences: readonly TargetDifference[] = [
  {
    id: "gateway",
    field: "presence",
    unit: "gateway",
    compose: "a service `gateway` (nginx), configured from the plan's listeners and routes, on ports of the host",
    helm: "no workload; one Gateway and one HTTPRoute per route, served by the class the cluster names",
    reason: "a cluster brings its own gateway; a second proxy behind it would hide the caller and double the limits",
  },
  {
    id: "published-address",
    compose: "other published ports (SSH) on the configured address of the host",
    helm: "a Service of type LoadBalancer, named `<install>-<component>-public`; the cluster gives the address",
    reason: "a pod has no host of its own",
  },
  {
    id: "gateway-address",
    field: "gateway-address",
    compose: "inside, public names lead to the gateway by network aliases, and `gateway:<port>` is its address",
    helm: "inside, the gateway is reached under the public name and port, which the cluster's DNS must resolve",
    reason: "the address of the cluster's gateway is not known when the chart is rendered",
  },
  {
    id: "gateway-order",
    compose:
      "the gateway starts after what it needs, so no public name answers before (Casdoor: before its bootstrap has run)",
    helm: "routes exist at once; a route answers when its component is ready",
    reason: "objects of a release have no order; an install on a cluster must apply the routes after the jobs",
  },
  {
    id: "deny-status",
    compose: "a denied route or method answers the status the plan names (404, 403)",
    helm: "it answers 500: a rule without a backend",
    reason: "Gateway API knows no fixed answer; no backend is the one portable way to let nothing through",
  },
  {
    id: "prefix-match",
    compose: "the prefix `/api` matches `/api`, `/api/x` and `/apix`",
    helm: "it matches whole path elements: `/api` and `/api/x`",
    reason: "defined so by nginx and by Gateway API",
  },
  {
    id: "regex-match",
    compose: "regular expressions are PCRE and win over prefixes",
    helm: "their dialect and precedence are the gateway's (type RegularExpression)",
    reason: "Gateway API leaves both to the implementation",
  },
  {
    id: "query",
    compose:
      "a route that says its query passes no request with other fields, repeated fields or fields in other spelling",
    helm: "the fields must be there and match; others may stand beside them",
    reason: "Gateway API matches fields one by one",
  },
  {
    id: "edge-keys",
    field: "edge-keys",
    compose:
      "a key for the gateway alone is exchanged there for the one that the service behind knows, which is refused itself",
    helm: "who would hold such a key holds the other one, and the gateway refuses neither",
    reason: "Gateway API has no such setting, and a key in a route could be read by whoever may read routes",
  },
  {
    id: "request-limit",
    compose: "a route that limits how often one address may ask answers 429 beyond that",
    helm: "nothing is limited",
    reason: "Gateway API has no such setting; the cluster's gateway may have one of its own",
  },
  {
    id: "streaming",
    compose: "buffering and size limits are switched off per route",
    helm: "the gateway's own defaults",
    reason: "Gateway API has no such setting; implementations stream by default",
  },
  {
    id: "page-care",
    compose:
      "where a route says so, pages are compressed, their cookies get flags and their frames are limited; empty pictures",
    helm: "as the service sends them; a route to an empty picture is left out",
    reason: "Gateway API changes no cookies, compresses nothing and has no answer of its own",
  },
  {
    id: "host-names",
    compose: "a component is called by its id: `postgres`",
    helm: "by `<install>-<id>`: `slipway-postgres`",
    reason: "several installs may share a namespace, never a Compose network",
  },
  {
    id: "job-in-pod",
    field: "job-form",
    compose: "a job on its component's volume is a one-shot container that runs before it",
    helm: "it is an init container of the component's pod",
    reason: "a ReadWriteOnce claim is held by one pod",
  },
  {
    id: "image-folder",
    field: "uid",
    unit: "csghub-dataviewer-extensions",
    compose:
      "what an image keeps for root alone is copied to a volume once, by a job that is root without capabilities",
    helm: "Kubernetes mounts the folder of the image for an init container that is not root, which copies it to the pod; from 1.35 on, or as `cluster.imageVolumes` says, else it is missing",
    reason: "the restricted standard refuses root; Docker mounts folders of images from 28 on only",
  },
  {
    id: "job-on-request",
    field: "job-form",
    compose: "a job that only runs when asked for is a service with the profile `jobs`",
    helm: "it is a suspended CronJob, from which `kubectl create job --from` makes one",
    reason: "a Job starts as soon as it exists",
  },
  {
    id: "job-order",
    compose: "the executor starts jobs and services in order; the file itself orders services only",
    helm: "pods wait by themselves: for addresses with an init container, for jobs on a marker ConfigMap that the installer writes when the Job has completed, and removes before it runs another Job of that name",
    reason: "nothing orders the objects of a release; reading Jobs from inside would need a token in every pod",
  },
  {
    id: "networks",
    compose: "three networks; whoever shares one can talk, and `data` has no way out",
    helm: "default deny and one policy per component and job with exactly the plan's edges; a name outside the cluster opens its port to any address",
    reason: "Compose has no policies between two containers of one network; NetworkPolicy knows addresses, not names",
  },
  {
    id: "external-services",
    compose: "an external service is called by its own host name",
    helm: "the same; a Service (ExternalName) exists only where a route leads to it",
    reason: "TLS checks the real name; Gateway API sends to Services only",
  },
  {
    id: "pids",
    field: "pids",
    compose: "a limit of processes per container",
    helm: "the limit of the node (kubelet `podPidsLimit`)",
    reason: "Kubernetes has no such field",
  },
  {
    id: "cpu-request",
    compose: "limits only",
    helm: "the same limits; memory reserved in full, CPU in part (`cluster.cpuRequestPercent`), local disk limited",
    reason: "Compose reserves nothing",
  },
  {
    id: "scratch-options",
    field: "scratch-options",
    compose: "tmpfs with noexec, nosuid, nodev, mode 0700 and an owner",
    helm: "a memory-backed emptyDir of the same size, group-writable for the pod",
    reason: "an emptyDir has no mount options",
  },
  {
    id: "secret-files",
    compose: "files 0400, owned by the container's uid, in a 0700 directory of the host",
    helm: "a Secret mounted with mode 0400, readable by the pod's group (fsGroup)",
    reason: "the kubelet owns mounted files; the group is how a container that is not root reads them",
  },
  {
    id: "secret-environment",
    compose: "refused: a component that takes a secret from the environment cannot be rendered",
    helm: "a reference to the Secret `<install>-env-<component>`",
    reason: "Compose would show the value in `docker inspect`",
  },
  {
    id: "stop-signal",
    field: "stop-signal",
    compose: "named in the file",
    helm: "the image's own; refused for images that are not ours",
    reason:
      "the field is not stable in the Kubernetes versions the chart accepts; images of ours carry the right signal",
  },
  {
    id: "health",
    compose: "one health check inside the container: able to serve",
    helm: "startup and readiness ask whether it is able to serve, liveness whether it is alive; http and tcp come from the kubelet",
    reason: "Compose restarts on exit only and has one check",
  },
  {
    id: "start-time",
    field: "start-seconds",
    compose: "the plan's seconds",
    helm: "rounded up to a multiple of the probe's 5 seconds",
    reason: "a startup probe counts attempts",
  },
  {
    id: "logs",
    field: "logging",
    compose: "json-file, rotated as the values say; none for consoles",
    helm: "rotated by the kubelet (`containerLogMaxSize`, `containerLogMaxFiles`)",
    reason: "logs belong to the node",
  },
  {
    id: "volumes",
    compose: "named external volumes, or directories under `dataDir`",
    helm: "claims of the storage class, kept when the release goes; in each a directory that is the container's own; `dataDir` has no meaning",
    reason: "hostPath is forbidden by the restricted standard; the root of a claim belongs to the storage driver",
  },
  {
    id: "replicas",
    compose: "one of each; more is refused",
    helm: "as many as the plan says, spread over nodes and zones",
    reason: "one host gains nothing by a second copy",
  },
  {
    id: "pull-policy",
    field: "pull-policy",
    compose: "`never`: the executor has made the images present",
    helm: "IfNotPresent, Always or Never, as the values say",
    reason: "on a cluster the node pulls",
  },
];

/** The written list as a page of the documentation. */
export function parityPage(): string {
  const rows = targetDifferences.map(({ id, compose, helm, reason }) => `| ${id} | ${compose} | ${helm} | ${reason} |`);
  return `# Where Kubernetes differs from Compose

Both targets are rendered from one plan. A test compares what comes out (images, ports, environment, files, secrets, health, limits,
dependencies) and fails on every difference that is not in this table. The table is generated from
\`installer/src/render/helm/target-differences.ts\`.

| Difference | Compose | Kubernetes (chart \`charts/platform\`) | Why |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
