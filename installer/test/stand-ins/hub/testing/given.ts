import { serverSettings } from "../server-settings.ts";
import { portalSettings } from "../portal-settings.ts";
import type { Environment, Setting } from "../settings.ts";

const secret = "0123456789abcdef".repeat(8);

/** Nobody listens there. */
export const nowhere = "127.0.0.1:1";

function ownSecrets(table: readonly Setting[]): Environment {
  return Object.fromEntries(table.filter(({ known }) => known === true).map(({ env }) => [env, secret]));
}

/** Well-formed settings of the hub's programs, with secrets of their own, and services that are not there. */
export const hubEnvironment: Environment = {
  ...ownSecrets(serverSettings),
  STARHUB_DATABASE_DSN: `postgresql://u:p@${nowhere}/d?sslmode=disable`,
  OPENCSG_ACCOUNTING_NATS_URL: `nats://u:p@${nowhere}`,
  STARHUB_SERVER_REDIS_ENDPOINT: nowhere,
  OPENCSG_WORKFLOW_SERVER_ENDPOINT: nowhere,
};

/** The same of the portal. */
export const portalEnvironment: Environment = {
  ...ownSecrets(portalSettings),
  CSGHUB_PORTAL_DATABASE_DSN: `postgresql://u:p@${nowhere}/d?sslmode=disable`,
  CSGHUB_PORTAL_LOGIN_URL: "http://casdoor.test/login/oauth/authorize?client_id=own",
};
