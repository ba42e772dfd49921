import { type Answer, envelope, type Exchange } from "./exchange.ts";
import type { Application } from "./records.ts";
import { Refusal } from "./signin.ts";

/** An application as everybody may see it. */
export function maskedApplication(application: Application): Readonly<Record<string, unknown>> {
  return { ...application, clientSecret: "***", cert: "***" };
}

/** `GET /api/get-application`. */
export async function answerApplication({ store, url }: Exchange): Promise<Answer> {
  const [owner = "", name = ""] = (url.searchParams.get("id") ?? "").split("/");
  const application = await store.get("application", owner, name);
  return envelope({ data: application === undefined ? null : maskedApplication(application) });
}

/** `GET /api/get-default-application`: the one whose form an organization's people see. */
export async function answerDefaultApplication({ store, url }: Exchange): Promise<Answer> {
  const [owner = "", name = ""] = (url.searchParams.get("id") ?? "").split("/");
  const organization = await store.get("organization", owner, name);
  if (organization === undefined) throw new Refusal(`The organization: ${owner}/${name} does not exist`);
  const named = organization.defaultApplication;
  const application =
    named === ""
      ? (await store.find("application", { organization: name })).at(-1)
      : await store.get("application", "admin", named);
  if (application === undefined)
    throw new Refusal(
      named === "" ? "The application does not exist" : `The default application: ${named} does not exist`,
    );
  return envelope({ data: maskedApplication(application) });
}
