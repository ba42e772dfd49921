import { givenSecret, type PlanContext } from "../define.ts";
import { secret } from "../text.ts";
import type { HubSettings } from "./hub-file.ts";

const password = "mail";

/** The server that mail goes out by; a place where nothing answers without one, instead of the vendor's own. */
export function hubMail({ values }: PlanContext): HubSettings {
  const { host, port, user, passwordFile, password: given } = values.notifier.mail;
  if (host === "") return {};
  const signsIn = passwordFile !== "" || given !== "";
  return {
    env: {
      STARHUB_SERVER_MAILER_HOST: host,
      STARHUB_SERVER_MAILER_PORT: String(port),
      STARHUB_SERVER_MAILER_USERNAME: user,
    },
    ...(signsIn
      ? {
          file: { "notification.mailer_password": [secret(password, { as: "quoted" })] },
          secrets: [givenSecret(password, "password at the mail server", "notifier.mail.password", passwordFile)],
        }
      : {}),
  };
}
