import { columnsOf, type Column, type TableName } from "./tables.ts";

/** The fields of Casdoor's rows that the stand-in itself looks at; a row carries every column of its table. */
interface Named {
  readonly owner: string;
  readonly name: string;
  readonly createdTime: string;
}

export interface Organization extends Named {
  readonly displayName: string;
  readonly passwordType: string;
  readonly passwordSalt: string;
  readonly masterPassword: string;
  readonly defaultPassword: string;
  readonly defaultApplication: string;
  readonly initScore: number;
  readonly disableSignin: boolean;
  readonly isProfilePublic: boolean;
  readonly passwordOptions: readonly string[] | null;
  readonly hasPrivilegeConsent: boolean;
  readonly accountItems: readonly unknown[] | null;
}

export interface Application extends Named {
  readonly displayName: string;
  readonly organization: string;
  readonly cert: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[] | null;
  readonly grantTypes: readonly string[] | null;
  readonly tokenFormat: string;
  readonly tokenSigningMethod: string;
  readonly expireInHours: number;
  readonly refreshExpireInHours: number;
  readonly failedSigninLimit: number;
  readonly failedSigninFrozenTime: number;
  readonly providers: readonly ProviderItem[] | null;
  readonly enableSignUp: boolean;
  readonly enablePassword: boolean;
  readonly enableSigninSession: boolean;
  readonly enableAutoSignin: boolean;
  readonly disableSignin: boolean;
  readonly signinMethods: readonly { readonly name: string; readonly rule?: string }[] | null;
  readonly signupItems: readonly unknown[] | null;
  readonly scopes: readonly { readonly name: string }[] | null;
}

export interface User extends Named {
  readonly updatedTime: string;
  readonly id: string;
  readonly displayName: string;
  readonly avatar: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly phone: string;
  readonly location: string;
  readonly realName: string;
  readonly tag: string;
  readonly password: string;
  readonly passwordType: string;
  readonly passwordSalt: string;
  readonly isAdmin: boolean;
  readonly isForbidden: boolean;
  readonly isDeleted: boolean;
  readonly signupApplication: string;
  readonly registerType: string;
  readonly signinWrongTimes: number;
  readonly lastSigninWrongTime: string;
  readonly groups: readonly string[] | null;
}

export interface Cert extends Named {
  readonly type: string;
  readonly cryptoAlgorithm: string;
  readonly bitSize: number;
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Provider extends Named {
  readonly displayName: string;
  readonly category: string;
  readonly type: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly customAuthUrl: string;
  readonly customTokenUrl: string;
  readonly customUserInfoUrl: string;
  readonly scopes: string;
  readonly userMapping: Readonly<Record<string, string>> | null;
  readonly enablePkce: boolean;
}

/** A provider as an application offers it. */
export interface ProviderItem {
  readonly name: string;
  readonly canSignUp?: boolean;
  readonly bindingRule?: readonly string[] | null;
}

/** Who somebody is at a provider. */
export interface ThirdPartyLink {
  readonly owner: string;
  readonly userName: string;
  readonly providerName: string;
  readonly providerId: string;
  readonly createdTime: string;
}

export interface Token extends Named {
  readonly application: string;
  readonly organization: string;
  readonly user: string;
  readonly code: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accessTokenHash: string;
  readonly expiresIn: number;
  readonly scope: string;
  readonly tokenType: string;
  readonly grantType: string;
  readonly codeChallenge: string;
  readonly codeIsUsed: boolean;
  readonly codeExpireIn: number;
}

/** Which sign-ins of a user Casdoor knows of; a row stays when the user is deleted. */
export interface SessionRow extends Named {
  readonly application: string;
  readonly sessionId: string;
}

/** What Casdoor keeps of each request that is not a GET, with its body. */
export interface AuditRecord extends Named {
  readonly organization: string;
  readonly user: string;
  readonly method: string;
  readonly requestUri: string;
  readonly action: string;
  readonly object: string;
  readonly response: string;
  readonly statusCode: number;
}

export interface Records {
  readonly organization: Organization;
  readonly application: Application;
  readonly user: User;
  readonly cert: Cert;
  readonly provider: Provider;
  readonly third_party_link: ThirdPartyLink;
  readonly token: Token;
  readonly session: SessionRow;
  readonly record: AuditRecord;
}

/** A row of a table, every column present: given values, else the zero value a Go struct would have. */
export function completeRecord<T extends TableName>(table: T, given: Readonly<Record<string, unknown>>): Records[T] {
  const row: Record<string, unknown> = {};
  for (const column of columnsOf[table]) {
    const value = given[column.field];
    row[column.field] = value ?? zeroOf(column);
  }
  return row as unknown as Records[T];
}

function zeroOf(column: Column): unknown {
  switch (column.type) {
    case "varchar":
    case "text":
      return "";
    case "bool":
      return false;
    case "int":
    case "bigint":
    case "float":
      return 0;
    case "json":
      return null;
  }
}

/**
 * Refuses a value that Go's JSON reader would not put into the field of that column.
 * @throws {Error} naming the field and what it should be.
 */
export function checkField(column: Column, value: unknown, where: string): void {
  if (value === null || value === undefined) return;
  const wanted = {
    varchar: "string",
    text: "string",
    bool: "bool",
    int: "int",
    bigint: "int",
    float: "number",
    json: "list or object",
  }[column.type];
  const fits =
    wanted === "string"
      ? typeof value === "string"
      : wanted === "bool"
        ? typeof value === "boolean"
        : wanted === "int"
          ? Number.isInteger(value)
          : wanted === "number"
            ? typeof value === "number"
            : typeof value === "object";
  if (!fits)
    throw new Error(`json: cannot unmarshal ${typeof value} into field ${where}.${column.field} of type ${wanted}`);
}
