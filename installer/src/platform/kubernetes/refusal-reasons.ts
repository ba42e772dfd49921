/** What the API server says of a request that it does not carry out. */
export interface ApiStatus {
  readonly message: string;
  readonly reason: string;
  readonly causes: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  readonly retryAfterSeconds: number | undefined;
}

interface Explained {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: readonly string[];
}

/** The API server's words with what to do about them: who may change it, and where. */
export function explainRefusal(status: number, said: ApiStatus): Explained {
  if (said.causes.some(({ reason }) => reason === "FieldManagerConflict")) return conflictOfManagers(said);
  const { message } = said;
  return (
    missingRight(message) ??
    admission(message) ?? {
      message: shorten(message),
      hint: hintOf(status, said),
      details: status === 422 ? fieldsOf(said) : [],
    }
  );
}

function conflictOfManagers({ causes }: ApiStatus): Explained {
  const found = causes.map(({ message = "", field = "" }) => ({
    field,
    manager: /"([^"]+)"/.exec(message)?.[1] ?? message,
  }));
  const managers = [...new Set(found.map(({ manager }) => manager))];
  return {
    message: `fields are managed by ${managers.join(" and ")}`,
    hint: `let it be changed in one place only: undo there what ${managers.join(" or ")} changed`,
    details: found.map(({ field, manager }) => `${field} is managed by ${manager}`),
  };
}

const right =
  /User "(?<user>[^"]*)" cannot (?<verb>[a-z]+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/;

function missingRight(message: string): Explained | undefined {
  const found = right.exec(message)?.groups;
  if (found === undefined) return undefined;
  const { user = "", verb = "", resource = "", group = "", namespace } = found;
  const name = /^\S+ "([^"]+)" is forbidden/.exec(message)?.[1];
  const where = namespace === undefined ? "in the whole cluster" : `in the namespace ${namespace}`;
  const role =
    namespace === undefined
      ? "a ClusterRole and ClusterRoleBinding"
      : `a Role and RoleBinding of the namespace ${namespace}`;
  return {
    message: `${user} may not ${verb} ${resource}${name === undefined ? "" : ` ${name}`} ${where}`,
    hint: `have an administrator add this rule by ${role}`,
    details: [`apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]`],
  };
}

/** Who else looks at requests, by the words that each of them uses. */
const admissions: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [
    /violates PodSecurity "([^"]+)"/,
    ([, level]) =>
      `the namespace's label pod-security.kubernetes.io/enforce asks for ${level ?? "it"}: an administrator may set another`,
  ],
  [
    /(?:exceeded|failed) quota: ([^\s:,]+)/,
    ([, quota]) =>
      `raise the ResourceQuota ${quota ?? ""}, or ask for less: kubectl describe resourcequota ${quota ?? ""}`,
  ],
  [
    /ValidatingAdmissionPolicy '([^']+)'/,
    ([, policy]) => `the cluster's policy ${policy ?? ""} forbids it: talk to its administrator`,
  ],
  [
    /admission webhook "([^"]+)" denied the request/,
    ([, webhook]) => `the cluster's policy forbids it, by the webhook ${webhook ?? ""}: talk to its administrator`,
  ],
  [
    /failed calling webhook "([^"]+)"/,
    ([, webhook]) =>
      `the webhook ${webhook ?? ""} of the cluster does not work, and it must be asked: talk to its administrator`,
  ],
  [/because it is being terminated/, () => "wait until the namespace is gone, then start the command again"],
  [/no endpoints available for service/, () => "a service that the API server asks is down: kubectl get apiservices"],
];

function admission(message: string): Explained | undefined {
  for (const [pattern, hintFor] of admissions) {
    const found = pattern.exec(message);
    if (found !== null) return { message: shorten(message), hint: hintFor(found) };
  }
  return undefined;
}

function hintOf(status: number, { reason, message }: ApiStatus): string | undefined {
  switch (status) {
    case 409:
      return reason === "AlreadyExists" ? undefined : "somebody else changed it just now: start the command again";
    case 429:
      return "the cluster is busy: try again later";
    case 500:
    case 502:
    case 503:
    case 504:
      return "the cluster is in trouble or just starting: kubectl get --raw '/readyz?verbose' tells what is not ready";
    default:
      return /field is immutable|are forbidden$/.test(message)
        ? "it cannot be changed on what is there: it has to be made anew"
        : undefined;
  }
}

function fieldsOf({ causes }: ApiStatus): readonly string[] {
  return causes.map(({ field = "", message = "" }) =>
    field === "" ? shorten(message) : `${field}: ${shorten(message)}`,
  );
}

/** A message about a field that may not change quotes all of it. */
function shorten(message: string): string {
  const whole = message.replace(/Invalid value: (\{.*\}|".{200,}"): /s, "");
  return whole.length > 1000 ? `${whole.slice(0, 1000)}…` : whole;
}
