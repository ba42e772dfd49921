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
    id: "published-address",
    compose: "published ports on the configured address of the host",
    helm: "as `cluster.exposure` says: by a Service `<install>-<component>-public`, or by a Gateway of the class in `cluster.gatewayClass`; the cluster gives the address",
    reason: "a pod has no host of its own",
  },
  {
    id: "public-names-inside",
    compose: "inside, public names lead to the gateway by network aliases",
    helm: "by an entry in the hosts file of each pod that calls the gateway, with the address of the Service `<install>-gateway` (`cluster.gatewayAddress` in the chart's values, filled in by an install)",
    reason: "the cluster's DNS is not the platform's to write",
  },
  {
    id: "host-names",
    compose: "a component is called by its id: `postgres`",
    helm: "by `<install>-<id>`: `slipway-postgres`; for nginx, which knows no search domains, with the domain of the namespace behind it (`$inside`)",
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
    id: "volumes-without-service",
    compose: "what only jobs work on (backups) is a volume like any other",
    helm: "it is a claim that these jobs name; they run on one node, where the first of them went",
    reason: "a ReadWriteOnce claim is had by one node",
  },
  {
    id: "kept-place",
    compose: "what is kept when all else is removed (backups) lies in a directory of the host: `backup.directory`",
    helm: "it lies in a claim that a person made in the namespace: `backup.claim`; its root is what the directory is, so that both can be the same share",
    reason: "hostPath is forbidden by the restricted standard",
  },
  {
    id: "log-archive",
    compose:
      "with `backup.wal` a service archives the write-ahead log of the databases, and moments between backups can be brought back",
    helm: "refused",
    reason: "it works on the volume that backups are kept in, which jobs of one node have on a cluster",
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
    helm: "pods wait by themselves: for addresses with an init container, for jobs on a ConfigMap `<install>-<job>-done`, into which the job's own pod writes when it has completed",
    reason: "nothing orders the objects of a release; reading Jobs from inside would need a token in every pod",
  },
  {
    id: "networks",
    compose: "three networks; whoever shares one can talk, and `data` has no way out",
    helm: "default deny and one policy per component and job with exactly the plan's edges; a name outside the cluster opens its port to any address",
    reason: "Compose has no policies between two containers of one network; NetworkPolicy knows addresses, not names",
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
    helm: "a Secret `<install>-files-<component>-<digest of its contents>` mounted with mode 0400, readable by the pod's group (fsGroup)",
    reason: "the kubelet owns mounted files; the group is how a container that is not root reads them",
  },
  {
    id: "secret-environment",
    compose: "refused: a component that takes a secret from the environment cannot be rendered",
    helm: "a reference to the Secret `<install>-env-<component>-<digest>`",
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
    helm: "as many as the plan says, spread over nodes and zones; where it says a most, a HorizontalPodAutoscaler decides between the two",
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
