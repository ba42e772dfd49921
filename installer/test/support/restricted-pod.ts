/** An image that every cluster of the tests has. */
export const busybox = "testbed.local/busybox:1";

/** Specification of a pod that runs a shell command where PodSecurity is `restricted`, with a volume at `/data`. */
export function restrictedPod(
  command: string,
  more: Readonly<Record<string, unknown>> = {},
  image = busybox,
): Readonly<Record<string, unknown>> {
  return {
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "main",
        image,
        command: ["sh", "-c", command],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "data", emptyDir: {} }],
    ...more,
  };
}
