import type { ClusterSettings } from "../../src/plan/model.ts";

/** Settings of a cluster as the defaults have them. */
export const sampleCluster: ClusterSettings = {
  context: "",
  namespace: "sample",
  podSecurity: "restricted",
  storageClass: "",
  imagePullSecrets: [],
  exposure: { kind: "loadBalancer", addresses: [], class: "", annotations: {} },
  gatewayClass: { name: "", namespace: "", addresses: [] },
  dns: { namespace: "kube-system", selector: "k8s-app=kube-dns" },
  apiServer: { addresses: [], ports: [443, 6443] },
  priorityClass: "",
  cpuRequestPercent: 10,
  ephemeralStorage: { request: "64Mi", limit: "2Gi" },
  jobWaitSeconds: 1800,
  jobTtlSeconds: 86400,
  imageVolumes: "auto",
};
