import type { KubeKind } from "../../platform/cluster-ports.ts";

/** The kinds of objects that this target looks at. */
export const kinds = {
  namespace: { apiVersion: "v1", kind: "Namespace" },
  pod: { apiVersion: "v1", kind: "Pod" },
  service: { apiVersion: "v1", kind: "Service" },
  secret: { apiVersion: "v1", kind: "Secret" },
  configMap: { apiVersion: "v1", kind: "ConfigMap" },
  claim: { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  event: { apiVersion: "v1", kind: "Event" },
  deployment: { apiVersion: "apps/v1", kind: "Deployment" },
  statefulSet: { apiVersion: "apps/v1", kind: "StatefulSet" },
  job: { apiVersion: "batch/v1", kind: "Job" },
  node: { apiVersion: "v1", kind: "Node" },
  volume: { apiVersion: "v1", kind: "PersistentVolume" },
  storageClass: { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
  priorityClass: { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass" },
  endpointSlice: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
  gatewayClass: { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass" },
  cronJob: { apiVersion: "batch/v1", kind: "CronJob" },
} as const satisfies Readonly<Record<string, KubeKind>>;
