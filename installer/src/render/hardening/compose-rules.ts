import { noticesFolder } from "../compose/compose-service.ts";
import { specLabel } from "../compose/labels.ts";
import type { ComposeMount, ComposeService, ComposeSubject } from "./compose-document.ts";
import { type Problem, problemIf, type Rules } from "./hardening-input.ts";
import { imagePinned, imageSteady, isPinned } from "./image-rules.ts";
import { secretIn } from "./secret-text.ts";

type Unit = ComposeSubject["services"][number];

/** The rules that can be read off a Compose file and the files it mounts. */
export const composeRules: Rules<ComposeSubject> = {
  S01: each(({ id, service }) => {
    const [uid, gid] = /^(\d+):(\d+)$/
      .exec(service.user ?? "")
      ?.slice(1)
      .map(Number) ?? [0, 0];
    return problemIf((uid ?? 0) < 10_000 || (gid ?? 0) < 10_000, id, `runs as ${service.user ?? "the image's user"}`);
  }),
  S02: each(({ id, service }) =>
    problemIf(service.security_opt?.includes("no-new-privileges:true") !== true, id, "may gain privileges"),
  ),
  S03: each(({ id, service }) => [
    ...problemIf(service.cap_drop?.includes("ALL") !== true, id, "keeps capabilities"),
    ...problemIf(
      (service.cap_add ?? []).some((name) => name !== "NET_BIND_SERVICE"),
      id,
      "adds capabilities",
    ),
  ]),
  S04: each(({ id, service }) => problemIf(service["read_only"] !== true, id, "can write to its root file system")),
  S05: each(hostAccess),
  S06: each(({ id, service }) => problemIf(hasOption(service, /^seccomp[:=]unconfined$/), id, "runs without seccomp")),
  S07: each(({ id, service }) =>
    problemIf(
      hasOption(service, /^(?:apparmor[:=]unconfined|label[:=]disable)$/),
      id,
      "runs without AppArmor or SELinux",
    ),
  ),
  S08: each(({ id, service }) =>
    ["mem_limit", "cpus", "pids_limit"].flatMap((key) =>
      problemIf(!(Number.parseFloat(String(service[key])) > 0), id, `has no ${key}`),
    ),
  ),
  S09: each(({ id, service, isJob }) => (isJob ? [] : healthProblems(id, service))),
  S10: each(({ id, service }) => imagePinned(id, service.image ?? "")),
  S11: each(({ id, service }) => {
    const policy = service["pull_policy"];
    const fits = policy === "never" || policy === "always" || (policy === "missing" && isPinned(service.image ?? ""));
    return problemIf(!fits, id, "may run an image that was never compared with the registry");
  }),
  S12: each(clearSecrets),
  S13: (subject) => each((unit) => secretFileProblems(subject, unit))(subject),
  S14: each(publishProblems),
  S15: (subject) => [
    ...problemIf(subject.networks["data"]?.internal !== true, "networks.data", "leads out of the host"),
    ...each(({ id, service }) => networkProblems(subject, id, service))(subject),
  ],
  S20: ({ volumes, name = "" }) =>
    Object.entries(volumes).flatMap(([key, volume]) => [
      ...problemIf(volume?.external !== true, `volumes.${key}`, "would be removed with the project"),
      ...problemIf(
        volume?.name?.startsWith(`${name}_`) !== true,
        `volumes.${key}`,
        "does not carry the name of the install",
      ),
    ]),
  S21: each(({ id, service, isJob }) =>
    problemIf(service["restart"] !== (isJob ? "no" : "unless-stopped"), id, `restarts: ${String(service["restart"])}`),
  ),
  S31: each(({ id, service }) => {
    const { driver, options } = service.logging ?? {};
    const isBounded = options?.["max-size"] !== undefined && options["max-file"] !== undefined;
    return problemIf(!isBounded && driver !== "none", id, "has unbounded logs");
  }),
  S32: each(({ id, service }) => imageSteady(id, service.image ?? "")),
  S34: (subject) => [
    ...problemIf(subject.name === undefined, "compose.yaml", "has no project name"),
    ...each(({ id, service }) =>
      ["container_name", "env_file", "build"].flatMap((key) => problemIf(key in service, id, `has ${key}`)),
    )(subject),
  ],
  S36: ({ problems, text }) => [
    ...problems.map((message) => ({ where: "compose.yaml", message })),
    ...[...text.matchAll(/(?<!\$)(?:\$\$)*(\$(?:\{[^}]*\}|[A-Za-z_]\w*))/g)].map((match) => ({
      where: "compose.yaml",
      message: `${match[1] ?? ""} would be replaced from the environment of whoever starts it`,
    })),
  ],
};

function each(rule: (unit: Unit) => readonly Problem[]): (subject: ComposeSubject) => readonly Problem[] {
  return ({ services }) => services.flatMap(rule);
}

function hasOption(service: ComposeService, pattern: RegExp): boolean {
  return service.security_opt?.some((option) => pattern.test(option)) === true;
}

function mountsOf(service: ComposeService): readonly ComposeMount[] {
  return (service.volumes ?? []).map((mount) => {
    if (typeof mount !== "string") return mount;
    const [source = "", target = ""] = mount.split(":");
    return { type: /^[./~]/.test(source) ? "bind" : "volume", source, target };
  });
}

function hostAccess({ id, service }: Unit): readonly Problem[] {
  const shared = ["pid", "ipc", "uts", "userns_mode"].filter(
    (key) => service[key] !== undefined && service[key] !== "private",
  );
  const given = ["devices", "device_cgroup_rules", "cgroup_parent", "volumes_from"].filter((key) => key in service);
  const mode = service.network_mode;
  return [
    ...problemIf(service["privileged"] === true, id, "is privileged"),
    ...[...shared, ...given].map((key) => ({ where: id, message: `shares with the host: ${key}` })),
    ...problemIf(mode !== undefined && mode !== "none", id, `uses the network of ${mode ?? ""}`),
    ...mountsOf(service)
      .filter(
        (mount) => mount.type === "bind" && mount.source?.startsWith("./files/") !== true && !isNotices(id, mount),
      )
      .map((mount) => ({ where: id, message: `mounts ${mount.source ?? ""} of the host` })),
  ];
}

/** The folder in which a run leaves notices for a component; nothing in it is rendered. */
function isNotices(id: string, { source }: ComposeMount): boolean {
  return source === `./${noticesFolder(id)}`;
}

function healthProblems(id: string, { healthcheck }: ComposeService): readonly Problem[] {
  const [kind, ...command] = healthcheck?.test ?? [];
  if (kind !== "CMD" || command.length === 0) return [{ where: id, message: "has no health check" }];
  return problemIf(command[0] === "probe" && command[1] === "tcp", id, "counts as healthy when its port is open");
}

function clearSecrets({ id, service }: Unit): readonly Problem[] {
  const named = [...Object.entries(service.environment ?? {}), ...Object.entries(service.labels ?? {})];
  const words = [...(service.command ?? []), ...(service.entrypoint ?? []), ...(service.healthcheck?.test ?? [])];
  const found = [
    ...named.map(([name, value]) => ({ name, reason: secretIn(String(value), name) })),
    ...words.map((word) => ({ name: "a command", reason: secretIn(word, /^--?([\w-]+)=/.exec(word)?.[1]) })),
  ];
  return found.flatMap(({ name, reason }) =>
    // Our own label with the hash of the service is no secret.
    reason === undefined || name === specLabel ? [] : [{ where: id, message: `${name} shows ${reason}` }],
  );
}

function secretFileProblems({ files }: ComposeSubject, { id, service }: Unit): readonly Problem[] {
  const uid = Number.parseInt(service.user ?? "", 10);
  return mountsOf(service).flatMap((mount) => {
    const { type, source = "", target = "", read_only: readOnly } = mount;
    if (type !== "bind") return [];
    const file = files.get(source.replace(/^\.\//, ""));
    const where = `${id}:${target}`;
    return [
      ...problemIf(file === undefined && !isNotices(id, mount), where, "is mounted and not rendered"),
      ...problemIf(readOnly !== true, where, "is writable"),
      ...problemIf(file?.secret === true && file.owner !== uid, where, "is a secret that its reader does not own"),
    ];
  });
}

function publishProblems({ id, service }: Unit): readonly Problem[] {
  const ports = service.ports ?? [];
  return [
    ...ports.flatMap((port) =>
      problemIf(
        typeof port === "string" || (port.host_ip ?? "") === "",
        id,
        "publishes a port on no address in particular",
      ),
    ),
    ...problemIf(
      ports.length > 0 && service.networks?.["edge"] === undefined,
      id,
      "publishes a port without being at the edge",
    ),
  ];
}

function networkProblems(subject: ComposeSubject, id: string, service: ComposeService): readonly Problem[] {
  const names = Object.keys(service.networks ?? {});
  return [
    ...problemIf(names.length === 0 && service.network_mode !== "none", id, "joins the default network"),
    ...names.flatMap((name) => problemIf(!(name in subject.networks), id, `joins the unknown network ${name}`)),
  ];
}
