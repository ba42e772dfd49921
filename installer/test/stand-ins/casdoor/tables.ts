/**
 * The tables of Casdoor that a bootstrap, a login and a token touch, as XORM makes them in PostgreSQL.
 * A column is written `jsonName:type`; the column's name is the JSON name in snake case unless `=column` follows.
 * Types: a number is `varchar(n)`, `!` marks a primary key; `text`, `bool`, `int`, `bigint`, `float`, `json` (kept as text).
 */

export type ColumnType = "varchar" | "text" | "bool" | "int" | "bigint" | "float" | "json";

export interface Column {
  readonly field: string;
  readonly name: string;
  readonly type: ColumnType;
  readonly length: number;
  readonly key: boolean;
}

export type TableName =
  | "organization"
  | "application"
  | "user"
  | "cert"
  | "provider"
  | "third_party_link"
  | "token"
  | "session"
  | "record";

export const tableNames: readonly TableName[] = [
  ...(["organization", "application", "user", "cert", "provider", "third_party_link"] as const),
  ...(["token", "session", "record"] as const),
];

const common = "owner:100! name:100! createdTime:100";

const specifications: Readonly<Record<TableName, string>> = {
  organization: `${common} displayName:100 websiteUrl:100 logo:200 logoDark:200 favicon:200 hasPrivilegeConsent:bool
    passwordType:100 passwordSalt:100 passwordOptions:json100 passwordObfuscatorType:100 passwordObfuscatorKey:100
    passwordExpireDays:int countryCodes:json defaultAvatar:200 usePermanentAvatar:bool defaultApplication:100 userTypes:json
    tags:json languages:json255 masterPassword:200 defaultPassword:200 masterVerificationCode:100 ipWhitelist:200 initScore:int
    enableSoftDeletion:bool isProfilePublic:bool useEmailAsUsername:bool enableTour:bool disableSignin:bool ipRestriction:255
    navItems:json userNavItems:json widgetItems:json mfaItems:json300 mfaRememberInHours:int accountMenu:20 accountItems:json
    dcrPolicy:100 orgBalance:float userBalance:float balanceCredit:float balanceCurrency:100`,
  application: `${common} displayName:100 category:20 type:20 scopes:json logo:200 title:100 favicon:200 order:int homepageUrl:100
    description:100 organization:100 cert:100 defaultGroup:100 headerHtml:text pageHtml:text enablePassword:bool enableSignUp:bool
    enableGuestSignin:bool disableSignin:bool enableSigninSession:bool enableAutoSignin:bool enableCodeSignin:bool
    enableExclusiveSignin:bool enableWebAuthn:bool enableLinkWithEmail:bool orgChoiceMode:255 samlReplyUrl:500 providers:json
    signinMethods:json2000 signupItems:json3000 signinItems:json grantTypes:json1000 tags:json isShared:bool ipRestriction:255
    clientId:100 clientSecret:100 clientCert:100 redirectUris:json1000 backchannelLogoutUri:500 forcedRedirectOrigin:100
    tokenFormat:100 tokenSigningMethod:100 tokenFields:json1000 tokenAttributes:json expireInHours:float
    refreshExpireInHours:float cookieExpireInHours:bigint signupUrl:200 signinUrl:200 forgetUrl:200 affiliationUrl:100
    ipWhitelist:200 termsOfUse:200 signupHtml:text signinHtml:text footerHtml:text formCss:text formCssMobile:text formOffset:int
    formSideHtml:text formBackgroundUrl:200 formBackgroundUrlMobile:200 failedSigninLimit:int failedSigninFrozenTime:int
    codeResendTimeout:int customScopes:json domain:100 otherDomains:json1000 upstreamHost:100 sslMode:100 sslCert:100`,
  user: `owner:100! name:255! createdTime:100 updatedTime:100 deletedTime:100 id:100 externalId:100 type:100 password:150
    passwordSalt:100 passwordType:100 displayName:100 firstName:100 lastName:100 avatar:text avatarType:100 permanentAvatar:500
    email:100 emailVerified:bool phone:100 countryCode:6 region:100 location:100 address:json affiliation:100 title:100
    idCardType:100 idCard:100 realName:100 isVerified:bool homepage:100 bio:100 tag:100 language:100 gender:100 birthday:100
    education:100 score:int karma:int ranking:int balance:float balanceCredit:float currency:100 balanceCurrency:100
    isDefaultAvatar:bool isOnline:bool isAdmin:bool isForbidden:bool isDeleted:bool signupApplication:100 hash:100 preHash:100
    registerType:100 registerSource:100 accessToken:text createdIp:100 lastSigninTime:100 lastSigninIp:100 ldap:100
    properties:json roles:json permissions:json groups:json lastChangePasswordTime:100 lastSigninWrongTime:100
    signinWrongTimes:int needUpdatePassword:bool ipWhitelist:200`,
  cert: `${common} displayName:100 scope:100 type:100 cryptoAlgorithm:100 bitSize:int expireInYears:int expireTime:100
    domainExpireTime:100 provider:100 account:100 accessKey:100 accessSecret:100 certificate:text privateKey:text`,
  provider: `${common} displayName:100 category:100 type:100 subType:100 method:100 clientId:200 clientSecret:3000 clientId2:100
    clientSecret2:500 cert:100 customAuthUrl:200 customTokenUrl:200 customUserInfoUrl:200 customLogoutUrl:200 customLogo:200
    scopes:100 userMapping:json500 httpHeaders:json500 host:100 port:int disableSsl:bool sslMode:100 title:100 content:2000
    receiver:100 issuerUrl:100 enableSignAuthnRequest:bool emailRegex:200 providerUrl:200 enableProxy:bool enablePkce:bool
    state:100`,
  third_party_link: `owner:100! userName:100! providerName:100! providerId:100 createdTime:100`,
  token: `${common} application:100 organization:100 user:100 code:100 accessToken:text refreshToken:text accessTokenHash:100
    refreshTokenHash:100 deviceSecretHash:100 deviceSecretExpiresIn:int expiresIn:int scope:100 tokenType:100 grantType:100
    codeChallenge:100 codeIsUsed:bool codeExpireIn:bigint resource:255`,
  session: `${common} application:100! sessionId:text`,
  // The real one counts its rows in a column `id`, which nothing here reads.
  record: `${common} organization:100 clientIp:100 user:100 method:100 requestUri:1000 action:1000 language:100 object:text
    response:text statusCode:int isTriggered:bool`,
};

/** The columns of a table, in order. */
export const columnsOf: Readonly<Record<TableName, readonly Column[]>> = {
  organization: parse(specifications.organization),
  application: parse(specifications.application),
  user: parse(specifications.user),
  cert: parse(specifications.cert),
  provider: parse(specifications.provider),
  third_party_link: parse(specifications.third_party_link),
  token: parse(specifications.token),
  session: parse(specifications.session),
  record: parse(specifications.record),
};

function parse(specification: string): readonly Column[] {
  return specification
    .trim()
    .split(/\s+/)
    .map((word) => {
      const match = /^([A-Za-z0-9]+):(?:(\d+)(!)?|(json)(\d*)|([a-z]+))$/.exec(word);
      if (match === null) throw new Error(`bad column: ${word}`);
      const [, field = "", length, key, json, jsonLength, other] = match;
      return {
        field,
        name: snakeCase(field),
        type: length !== undefined ? "varchar" : json !== undefined ? "json" : (other as ColumnType),
        length: Number(length ?? jsonLength ?? 0),
        key: key !== undefined,
      };
    });
}

/** XORM's SnakeMapper on the Go field name, which is the JSON name with its first letter in upper case. */
function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a row is known by. */
export function keyColumns(table: TableName): readonly Column[] {
  return columnsOf[table].filter((column) => column.key);
}

/** SQL that makes a table and, on one that is there, adds the columns it lacks. */
export function tableStatements(table: TableName): readonly string[] {
  const columns = columnsOf[table];
  const keys = keyColumns(table).map((column) => quote(column.name));
  const definitions = columns.map(
    (column) => `${quote(column.name)} ${sqlType(column)}${column.key ? " NOT NULL" : " NULL"}`,
  );
  return [
    `CREATE TABLE IF NOT EXISTS ${quote(table)} (${definitions.join(", ")}, PRIMARY KEY (${keys.join(", ")}))`,
    ...columns
      .filter((column) => !column.key)
      .map(
        (column) =>
          `ALTER TABLE ${quote(table)} ADD COLUMN IF NOT EXISTS ${quote(column.name)} ${sqlType(column)} NULL`,
      ),
  ];
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function sqlType(column: Column): string {
  switch (column.type) {
    case "varchar":
      return `VARCHAR(${column.length})`;
    case "json":
      return column.length > 0 ? `VARCHAR(${column.length})` : "TEXT";
    case "text":
      return "TEXT";
    case "bool":
      return "BOOL";
    case "int":
      return "INTEGER";
    case "bigint":
      return "BIGINT";
    case "float":
      return "DOUBLE PRECISION";
  }
}
