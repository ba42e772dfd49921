import { urlProblem } from "../../../../toolbox/src/url-problem.ts";
import { parseDsn } from "./dsn.ts";
import { peerNames } from "./server-settings.ts";
import type { Settings, Use } from "./settings.ts";
import { StartRefusal } from "./start-refusal.ts";

/** Behind a refusal that the real one does not make. */
const ours = "(strictness of the stand-in)";

/**
 * Refuses secrets that everybody knows, and addresses of another form than a program takes.
 * @throws {StartRefusal} naming the variable.
 */
export function checkServerForms(settings: Settings, uses: readonly Use[]): void {
  refuseKnown(settings, uses);
  for (const use of uses) forms[use]?.(settings);
}

/** The same for the portal. */
export function checkPortalForms(settings: Settings): void {
  refuseKnown(settings, ["platform", "database", "objects", "signIn"]);
  parseDsn(settings.text("CSGHUB_PORTAL_DATABASE_DSN"));
  requireBareHost(settings, "CSGHUB_PORTAL_S3_ENDPOINT", "initializing service context");
  requireBareHost(settings, "CSGHUB_PORTAL_PRIVATE_S3_ENDPOINT", "initializing service context");
  requireUrl(settings, "CSGHUB_PORTAL_STARHUB_BASE_URL");
  requireUrl(settings, "CSGHUB_PORTAL_LOGIN_URL");
}

/** Secrets that still are what the source says, or empty. */
function refuseKnown(settings: Settings, uses: readonly Use[]): void {
  const [first] = settings.known(uses);
  if (first !== undefined)
    throw new StartRefusal(`${first} is what it is in every installation: it has to be set ${ours}`);
}

const forms: Partial<Record<Use, (settings: Settings) => void>> = {
  platform: (settings) => {
    requireUrl(settings, "STARHUB_SERVER_PUBLIC_DOMAIN");
    requireUrl(settings, "STARHUB_SERVER_FAIL_REDIRECT_URL");
  },
  database: (settings) => {
    parseDsn(settings.text("STARHUB_DATABASE_DSN"));
  },
  redis: (settings) => requireHostPort(settings, "STARHUB_SERVER_REDIS_ENDPOINT", "dial tcp"),
  temporal: (settings) =>
    requireHostPort(settings, "OPENCSG_WORKFLOW_SERVER_ENDPOINT", "unable to create workflow client, error"),
  nats: (settings) => {
    const url = URL.parse(settings.text("OPENCSG_ACCOUNTING_NATS_URL"));
    if (url?.protocol !== "nats:" || url.hostname === "")
      throw new StartRefusal(
        "nats: no servers available for connection: OPENCSG_ACCOUNTING_NATS_URL is no URL of NATS",
      );
  },
  gitaly: (settings) => {
    if (!/^tcp:\/\/[^/]+:\d+$/.test(settings.text("STARHUB_SERVER_GITALY_SERVER_SOCKET")))
      throw new StartRefusal(`STARHUB_SERVER_GITALY_SERVER_SOCKET is not tcp://host:port ${ours}`);
  },
  objects: (settings) => {
    requireBareHost(settings, "STARHUB_SERVER_S3_ENDPOINT", "failed to init router");
    const lookup = settings.text("STARHUB_SERVER_S3_BUCKET_LOOKUP");
    if (!["auto", "dns", "path"].includes(lookup))
      throw new StartRefusal(`STARHUB_SERVER_S3_BUCKET_LOOKUP is auto, dns or path, not ${lookup} ${ours}`);
  },
  signIn: (settings) => {
    requireUrl(settings, "STARHUB_SERVER_CASDOOR_ENDPOINT");
    requireUrl(settings, "OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL");
  },
  peers: (settings) => {
    for (const name of Object.values(peerNames)) requireUrl(settings, `${name}_HOST`);
  },
};

/** As the client of S3 has it. */
function requireBareHost(settings: Settings, env: string, before: string): void {
  const text = settings.text(env);
  if (text.includes("/")) throw new StartRefusal(`${before}: Endpoint url cannot have fully qualified paths. (${env})`);
  if (URL.parse(`http://${text}`) === null)
    throw new StartRefusal(`${before}: Endpoint: does not follow ip address or domain name standards. (${env})`);
}

function requireHostPort(settings: Settings, env: string, before: string): void {
  const text = settings.text(env);
  if (/^(?:\[[^\]]+\]|[^:/]+):\d+$/.test(text)) return;
  const why = text.includes("://") ? "too many colons in address" : "missing port in address";
  throw new StartRefusal(`${before}: address ${text}: ${why} (${env})`);
}

function requireUrl(settings: Settings, env: string): void {
  const problem = urlProblem(settings.text(env), ["http:", "https:"], false);
  if (problem !== undefined) throw new StartRefusal(`${env} ${problem} ${ours}`);
}
