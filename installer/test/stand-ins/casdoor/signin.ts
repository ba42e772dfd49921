import { passwordType } from "./passwords.ts";
import type { Application, User } from "./records.ts";
import type { Store } from "./store.ts";

/** A refusal that Casdoor answers with `{"status":"error","msg":…}`. */
export class Refusal extends Error {
  /** What the answer carries besides. */
  readonly data: unknown;

  constructor(message: string, data: unknown = null) {
    super(message);
    this.data = data;
  }
}

/** A refusal by a filter, before a controller sees the request. */
export class FilterRefusal extends Error {}

export interface SigninContext {
  readonly store: Store;
  /** One wording for an unknown user and a wrong password. */
  readonly errorMask: boolean;
  readonly now: () => Date;
}

const defaultLimit = 5;
const defaultFrozenMinutes = 15;

/**
 * Checks a password as Casdoor's login does, counting failures and locking the account.
 * @throws {Refusal} with Casdoor's words.
 */
export async function checkPassword(
  context: SigninContext,
  organizationName: string,
  username: string,
  password: string,
): Promise<User> {
  const { store } = context;
  const user = await findUser(store, organizationName, username.trim());
  if (user === undefined || user.isDeleted)
    throw new Refusal(
      context.errorMask ? "password or code is incorrect" : `The user: ${organizationName}/${username} doesn't exist`,
    );
  if (user.isForbidden) throw new Refusal("The user is forbidden to sign in, please contact the administrator");
  if (password === "") throw new Refusal("Password cannot be empty");
  const limits = await limitsOf(store, user);
  await refuseWhileFrozen(context, user, limits);
  const organization = await store.get("organization", "admin", user.owner);
  if (organization === undefined) throw new Refusal("Organization does not exist");
  const typeName = user.passwordType === "" ? organization.passwordType : user.passwordType;
  const type = passwordType(typeName);
  if (type === undefined) throw new Refusal(`unsupported password type: ${typeName}`);
  const matches =
    (await type.matches(password, user.password, organization.passwordSalt)) ||
    (await type.matches(password, user.password, user.passwordSalt));
  if (!matches) throw await recordFailure(context, user, limits);
  if (user.signinWrongTimes !== 0) await store.update("user", user, { signinWrongTimes: 0 });
  return user;
}

async function findUser(store: Store, organization: string, field: string): Promise<User | undefined> {
  const byName = await store.get("user", organization, field);
  if (byName !== undefined || field === "") return byName;
  if (field.includes("@")) {
    const byEmail = await store.find("user", { owner: organization, email: field.toLowerCase() });
    if (byEmail[0] !== undefined) return byEmail[0];
  }
  const byPhone = await store.find("user", { owner: organization, phone: field });
  if (byPhone[0] !== undefined) return byPhone[0];
  return (await store.find("user", { owner: organization, id: field }))[0];
}

interface Limits {
  readonly failures: number;
  readonly frozenMinutes: number;
}

async function limitsOf(store: Store, user: User): Promise<Limits> {
  const application = await applicationOf(store, user);
  if (application === undefined) throw new Refusal(`the application for user ${user.owner}/${user.name} is not found`);
  return {
    failures: application.failedSigninLimit === 0 ? defaultLimit : application.failedSigninLimit,
    frozenMinutes: application.failedSigninFrozenTime === 0 ? defaultFrozenMinutes : application.failedSigninFrozenTime,
  };
}

async function applicationOf(store: Store, user: User): Promise<Application | undefined> {
  if (user.signupApplication !== "") return store.get("application", "admin", user.signupApplication);
  const organization = await store.get("organization", "admin", user.owner);
  return organization === undefined ? undefined : store.get("application", "admin", organization.defaultApplication);
}

async function refuseWhileFrozen(context: SigninContext, user: User, limits: Limits): Promise<void> {
  if (user.signinWrongTimes < limits.failures) return;
  const since = Date.parse(user.lastSigninWrongTime);
  const passed = Number.isNaN(since) ? Number.POSITIVE_INFINITY : (context.now().getTime() - since) / 60_000;
  const left = limits.frozenMinutes - Math.floor(passed);
  if (left > 0) throw new Refusal(tooOften(left));
  await context.store.update("user", user, { signinWrongTimes: 0 });
}

async function recordFailure(context: SigninContext, user: User, limits: Limits): Promise<Refusal> {
  // The count may have been reset a moment ago, when the lock ran out.
  const before = (await context.store.get("user", user.owner, user.name))?.signinWrongTimes ?? user.signinWrongTimes;
  const failures = Math.min(before + 1, limits.failures);
  await context.store.update("user", user, {
    signinWrongTimes: failures,
    ...(failures >= limits.failures ? { lastSigninWrongTime: context.now().toISOString() } : {}),
  });
  if (context.errorMask) return new Refusal("password or code is incorrect");
  return new Refusal(`password or code is incorrect, you have ${limits.failures - failures} remaining chances`);
}

function tooOften(minutes: number): string {
  return `You have entered the wrong password or code too many times, please wait for ${minutes} minutes and try again`;
}
