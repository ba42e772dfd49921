import { type Problem, problemIf, type Rules } from "./hardening-input.ts";
import type { HelmContainer, HelmPod, HelmProbe, HelmSubject } from "./helm-objects.ts";
import { imagePinned, imageSteady, isPinned } from "./image-rules.ts";
import { secretIn } from "./secret-text.ts";

/** The rules about pods and their containers. */
export const helmPodRules: Rules<HelmSubject> = {
  S01: container(({ securityContext: context }, where) => [
    ...problemIf(context?.runAsNonRoot !== true, where, "may run as root"),
    ...problemIf(
      (context?.runAsUser ?? 0) < 10_000 || (context?.runAsGroup ?? 0) < 10_000,
      where,
      `runs as ${context?.runAsUser ?? "?"}:${context?.runAsGroup ?? "?"}`,
    ),
  ]),
  S02: container(({ securityContext }, where) =>
    problemIf(securityContext?.allowPrivilegeEscalation !== false, where, "may gain privileges"),
  ),
  S03: container(({ securityContext }, where) => {
    const { drop = [], add = [] } = securityContext?.capabilities ?? {};
    return [
      ...problemIf(!drop.includes("ALL"), where, "keeps capabilities"),
      ...problemIf(
        add.some((name) => name !== "NET_BIND_SERVICE"),
        where,
        "adds capabilities",
      ),
    ];
  }),
  S04: container(({ securityContext }, where) =>
    problemIf(securityContext?.readOnlyRootFilesystem !== true, where, "can write to its root file system"),
  ),
  S05: (subject) => [
    ...container(({ securityContext, ports }, where) => [
      ...problemIf(securityContext?.privileged === true, where, "is privileged"),
      ...problemIf(ports?.some((port) => port.hostPort !== undefined) === true, where, "opens a port of the node"),
    ])(subject),
    ...pod(({ spec, where }) => [
      ...["hostNetwork", "hostPID", "hostIPC"].flatMap((key) => problemIf(spec[key] === true, where, `has ${key}`)),
      ...problemIf(
        spec.volumes?.some((volume) => volume.hostPath !== undefined) === true,
        where,
        "mounts a path of the node",
      ),
    ])(subject),
  ],
  S06: pod(({ spec, where, containers }) => {
    const profiles = [spec.securityContext, ...containers.map((row) => row.container.securityContext)].map(
      (context) => context?.seccompProfile?.type,
    );
    return [
      ...problemIf(profiles[0] !== "RuntimeDefault" && profiles[0] !== "Localhost", where, "has no seccomp profile"),
      ...problemIf(profiles.includes("Unconfined"), where, "runs without seccomp"),
    ];
  }),
  S07: container(({ securityContext }, where) =>
    problemIf(securityContext?.appArmorProfile?.type === "Unconfined", where, "runs without AppArmor"),
  ),
  S08: container(({ resources }, where) =>
    ["cpu", "memory", "ephemeral-storage"].flatMap((name) => [
      ...problemIf(resources?.limits?.[name] === undefined, where, `has no limit of ${name}`),
      ...problemIf(resources?.requests?.[name] === undefined, where, `requests no ${name}`),
    ]),
  ),
  S09: pod(({ serves, containers }) =>
    serves ? containers.filter((row) => row.main).flatMap((row) => probeProblems(row.container, row.where)) : [],
  ),
  S10: container(({ image = "" }, where) => imagePinned(where, image)),
  S11: container(({ image = "", imagePullPolicy }, where) =>
    problemIf(
      imagePullPolicy === undefined || (imagePullPolicy !== "Always" && !isPinned(image)),
      where,
      "may run an image that was never compared with the registry",
    ),
  ),
  S12: (subject) => [...container(clearSecrets)(subject), ...subject.objects.flatMap(annotationSecrets)],
  S13: pod(({ spec, where }) =>
    (spec.volumes ?? []).flatMap(({ name, secret }) =>
      problemIf(
        secret !== undefined && secret.defaultMode !== 0o400,
        where,
        `mounts the secret ${name} readable by others`,
      ),
    ),
  ),
  S21: pod(({ serves, spec, where }) =>
    problemIf(serves && spec.restartPolicy !== "Always", where, "is not restarted"),
  ),
  S32: container(({ image = "" }, where) => imageSteady(where, image)),
  S36: container(({ env = [] }, where) => {
    const names = env.map((variable) => variable.name);
    return [
      ...problemIf(new Set(names).size !== names.length, where, "sets a variable twice"),
      ...env.flatMap(({ name, value = "" }) =>
        problemIf(/(?<!\$)(?:\$\$)*\$\(/.test(value), where, `${name} would be expanded by Kubernetes`),
      ),
    ];
  }),
};

function pod(rule: (pod: HelmPod) => readonly Problem[]): (subject: HelmSubject) => readonly Problem[] {
  return ({ pods }) => pods.flatMap(rule);
}

function container(
  rule: (container: HelmContainer, where: string) => readonly Problem[],
): (subject: HelmSubject) => readonly Problem[] {
  return ({ pods }) => pods.flatMap(({ containers }) => containers.flatMap((row) => rule(row.container, row.where)));
}

function probeProblems(
  { startupProbe, readinessProbe, livenessProbe }: HelmContainer,
  where: string,
): readonly Problem[] {
  return [
    ...problemIf(
      startupProbe === undefined || readinessProbe === undefined || livenessProbe === undefined,
      where,
      "lacks a probe",
    ),
    ...problemIf(readinessProbe?.tcpSocket !== undefined, where, "counts as ready when its port is open"),
    ...problemIf(
      readinessProbe !== undefined && actionOf(readinessProbe) === actionOf(livenessProbe ?? {}),
      where,
      "asks the same for ready and alive",
    ),
  ];
}

function actionOf({ httpGet, exec, tcpSocket, grpc }: HelmProbe): string {
  return JSON.stringify([httpGet, exec, tcpSocket, grpc]);
}

function clearSecrets(
  { env = [], command = [], args = [], ...rest }: HelmContainer,
  where: string,
): readonly Problem[] {
  const probes = [rest.startupProbe, rest.readinessProbe, rest.livenessProbe];
  const probeWords = probes.flatMap(
    (probe) => (probe?.["exec"] as { readonly command?: readonly string[] } | undefined)?.command ?? [],
  );
  const named = env.map(({ name, value }) => ({
    name,
    reason: value === undefined ? undefined : secretIn(value, name),
  }));
  const words = [...command, ...args, ...probeWords].map((word) => ({
    name: "a command",
    reason: secretIn(word, /^--?([\w-]+)=/.exec(word)?.[1]),
  }));
  return [
    ...[...named, ...words].flatMap(({ name, reason }) =>
      reason === undefined ? [] : [{ where, message: `${name} shows ${reason}` }],
    ),
    ...env.flatMap(({ name, valueFrom }) =>
      problemIf(valueFrom?.secretKeyRef !== undefined, where, `${name} is a secret in the environment`),
    ),
  ];
}

function annotationSecrets(object: HelmSubject["objects"][number]): readonly Problem[] {
  const { labels = {}, annotations = {} } = object.metadata;
  return Object.entries({ ...labels, ...annotations }).flatMap(([name, value]) => {
    const reason = secretIn(value, name);
    return reason === undefined
      ? []
      : [{ where: `${object.kind}/${object.metadata.name}`, message: `${name} shows ${reason}` }];
  });
}
