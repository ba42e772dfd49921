import { type Answer, envelope, type Exchange } from "./exchange.ts";
import type { Application } from "./records.ts";
import { Refusal } from "./signin.ts";
import type { Store } from "./store.ts";

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
  const [, name = ""] = (url.searchParams.get("id") ?? "").split("/");
  return envelope({ data: maskedApplication(await defaultApplication(store, name)) });
}

/**
 * The one that an organization names, else the last that was made for it.
 * @throws {Refusal} where there is none
 */
export async function defaultApplication(store: Store, name: string): Promise<Application> {
  const organization = await store.get("organization", "admin", name);
  if (organization === undefined) throw new Refusal(`The organization: admin/${name} does not exist`);
  const named = organization.defaultApplication;
  const application =
    named === ""
      ? (await store.find("application", { organization: name })).at(-1)
      : await store.get("application", "admin", named);
  if (application !== undefined) return application;
  throw new Refusal(
    named === "" ? "The application does not exist" : `The default application: ${named} does not exist`,
  );
}
