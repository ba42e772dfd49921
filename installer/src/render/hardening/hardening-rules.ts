import type { RuleId } from "./hardening-input.ts";

export interface HardeningRule {
  readonly id: RuleId;
  readonly title: string;
  /** Where a target's part is proved when not by the check over rendered output; absent when it is, or when there is nothing to prove. */
  readonly elsewhere?: string;
}

/** What a platform of ours must be, in 36 rules. */
export const hardeningRules: readonly HardeningRule[] = [
  { id: "S01", title: "not root; uid and gid fixed, at least 10000" },
  { id: "S02", title: "no way to gain privileges" },
  { id: "S03", title: "all capabilities dropped; at most NET_BIND_SERVICE added" },
  { id: "S04", title: "read-only root file system, a list of writable places in memory" },
  {
    id: "S05",
    title: "not privileged; nothing shared with the host: namespaces, devices, paths, ports, the engine's socket",
  },
  { id: "S06", title: "seccomp: the engine's default, never unconfined" },
  { id: "S07", title: "AppArmor and SELinux never switched off" },
  { id: "S08", title: "limits of CPU, memory, processes or local disk" },
  {
    id: "S09",
    title: "health asks whether it can serve, not whether a port is open; alive and ready are two questions",
  },
  { id: "S10", title: "images by digest; images of ours by a tag that is the hash of their inputs" },
  { id: "S11", title: "pulled each time, or pinned, or made present before" },
  { id: "S12", title: "no secret in environment, labels, commands, health checks, annotations or configuration" },
  { id: "S13", title: "secrets as files for one reader" },
  { id: "S14", title: "published on a named address, at the edge only" },
  { id: "S15", title: "three networks, `data` with no way out; on Kubernetes default deny and explicit edges" },
  { id: "S16", title: "TLS 1.2 or later on every hop" },
  { id: "S17", title: "own service account, no token, no broad role" },
  { id: "S18", title: "a disruption budget for everything that runs" },
  { id: "S19", title: "several copies stand on several nodes" },
  { id: "S20", title: "data in volumes that outlive the release and carry the install's name" },
  { id: "S21", title: "restarted unless stopped" },
  { id: "S22", title: "jobs end: deadline, retries, removal" },
  { id: "S23", title: "databases: one role each, scram-sha-256, no trust", elsewhere: "roles by `slipway verify`" },
  { id: "S24", title: "Redis: a user per service" },
  { id: "S25", title: "object store: a key per service, limited to its buckets", elsewhere: "`slipway verify`" },
  { id: "S26", title: "registry: login required, deleting only for clean-up", elsewhere: "login by `slipway verify`" },
  {
    id: "S27",
    title: "the namespace insists on the restricted Pod Security Standard",
    elsewhere: "the namespace is not the chart's; NOTES.txt has the command",
  },
  {
    id: "S28",
    title: "secrets of at least 128 random bits, one per use and install",
    elsewhere: "tests of the secret store, `slipway doctor`",
  },
  { id: "S29", title: "no default credential is accepted", elsewhere: "an end-to-end test tries more than 200" },
  {
    id: "S30",
    title: "no old fixable vulnerability; bill of materials per image",
    elsewhere: "bill of materials by `slipway bundle create`; nothing looks for vulnerabilities yet",
  },
  { id: "S31", title: "logs bounded; debug and trace off" },
  { id: "S32", title: "no tag that moves" },
  { id: "S33", title: "stable API versions, valid labels, selectors that select" },
  { id: "S34", title: "no container_name, env_file or build; the project is named" },
  { id: "S35", title: "state directory 0700", elsewhere: "`slipway doctor`, end-to-end tests" },
  { id: "S36", title: "no key twice, no reference left to be replaced" },
];
