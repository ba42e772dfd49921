import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import type { Rule } from "./rule.ts";

/** What a mail server has to be told of. */
export const notifierRules: readonly Rule[] = [{ reads: ["notifier.mail"], check: checkMail }];

function checkMail({ notifier: { mail } }: Values): readonly Finding[] {
  if (mail.password !== "" && mail.passwordFile !== "") {
    const message = "is given together with passwordFile, allowed is one of the two";
    return [{ path: ["notifier", "mail", "password"], message, causes: ["notifier.mail.passwordFile"] }];
  }
  if (mail.host === "" || mail.user !== "") return [];
  const message = "is empty, but notifier.mail.host is given, and mail needs an address to come from";
  return [{ path: ["notifier", "mail", "user"], message, causes: ["notifier.mail.host"] }];
}
