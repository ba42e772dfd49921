import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { compare, hash } from "bcryptjs";
import type { Organization, User } from "./records.ts";

/** The password types of Casdoor that the stand-in knows; others are refused by name, as Casdoor refuses unknown ones. */
interface PasswordType {
  hash(password: string, salt: string): Promise<string>;
  matches(password: string, stored: string, salt: string): Promise<boolean>;
}

const bcrypt: PasswordType = {
  hash: (password) => hash(password, 10),
  matches: async (password, stored) => /^\$2[abxy]?\$/.test(stored) && (await compare(password, stored)),
};

const plain: PasswordType = {
  hash: (password) => Promise.resolve(password),
  matches: (password, stored) => Promise.resolve(same(password, stored)),
};

const sha256Salt: PasswordType = {
  hash: (password, salt) => Promise.resolve(salted(password, salt)),
  matches: (password, stored, salt) => Promise.resolve(same(salted(password, salt), stored)),
};

export function passwordType(name: string): PasswordType | undefined {
  return { bcrypt, plain, salt: sha256Salt }[name];
}

/** What Casdoor does with the password of a new user: it is hashed unless its type says that it already is. */
export async function storedPassword(
  user: Pick<User, "password" | "passwordType" | "passwordSalt">,
  organization: Pick<Organization, "passwordType" | "passwordSalt" | "defaultPassword">,
): Promise<Pick<User, "password" | "passwordType" | "passwordSalt">> {
  const password =
    organization.defaultPassword !== "" && user.password === "123" ? organization.defaultPassword : user.password;
  const given = { password, passwordType: user.passwordType, passwordSalt: user.passwordSalt };
  if (given.passwordType !== "" && given.passwordType !== "plain") return given;
  const type = passwordType(organization.passwordType);
  if (type === undefined || password === "") return given;
  const salt = organization.passwordSalt === "" ? randomBytes(10).toString("hex") : organization.passwordSalt;
  return { password: await type.hash(password, salt), passwordType: organization.passwordType, passwordSalt: salt };
}

/** What an organization's rules say against a new password. */
export function passwordProblem(password: string, options: readonly string[]): string | undefined {
  const problems: Readonly<Record<string, [ok: boolean, words: string]>> = {
    AtLeast6: [password.length >= 6, "The password must have at least 6 characters"],
    AtLeast8: [password.length >= 8, "The password must have at least 8 characters"],
    Aa123: [
      /[a-z]/.test(password) && /[A-Z]/.test(password) && /\d/.test(password),
      "The password must contain at least one uppercase letter, one lowercase letter and one digit",
    ],
    SpecialChar: [/[^a-zA-Z0-9]/.test(password), "The password must contain at least one special character"],
  };
  return options.map((name) => problems[name]).find((row) => row?.[0] === false)?.[1];
}

function salted(password: string, salt: string): string {
  const inner = createHash("sha256").update(password).digest("hex");
  return salt === ""
    ? inner
    : createHash("sha256")
        .update(inner + salt)
        .digest("hex");
}

function same(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
