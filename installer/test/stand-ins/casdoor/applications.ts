import { type Answer, envelope, type Exchange } from "./exchange.ts";
import type { Application } from "./records.ts";
import { Refusal } from "./signin.ts";
import type { Store } from "./store.ts";

/** An application as everybody may see it, with the providers that its page offers. */
export async function offeredApplication(
  store: Store,
  application: Application,
): Promise<Readonly<Record<string, unknown>>> {
  const providers = await Promise.all(
    (application.providers ?? []).map(async (item) => {
      const provider = await store.get("provider", "admin", item.name);
      return provider === undefined ? item : { ...item, provider: { ...provider, clientSecret: "***" } };
    }),
  );
  return { ...application, clientSecret: "***", cert: "***", providers };
}

/** `GET /api/get-application`. */
export async function answerApplication({ store, url }: Exchange): Promise<Answer> {
  const [owner = "", name = ""] = (url.searchParams.get("id") ?? "").split("/");
  const application = await store.get("application", owner, name);
  return envelope({ data: application === undefined ? null : await offeredApplication(store, application) });
}

/** `GET /api/get-default-application`: the one whose form an organization's people see. */
export async function answerDefaultApplication({ store, url }: Exchange): Promise<Answer> {
  const [, name = ""] = (url.searchParams.get("id") ?? "").split("/");
  return envelope({ data: await offeredApplication(store, await defaultApplication(store, name)) });
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
