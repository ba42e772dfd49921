/** Reads `app.conf` as beego's ini reader does: case-insensitive keys, comments only at line start, no escapes. */

export interface AppConf {
  /** Value of a key; the environment wins over the file, as in Casdoor. */
  get(key: string): string;
  flag(key: string): boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses the text of `app.conf`.
 * @throws {Error} on a line that is neither a comment, a section nor `key = value`.
 */
export function parseAppConf(text: string, environment: Environment): AppConf {
  const values = new Map<string, string>();
  let section = "default";
  for (const raw of text.replace(/^\uFEFF/, "").split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    if (line.startsWith("[") && line.endsWith("]")) {
      section = line.slice(1, -1).toLowerCase();
      continue;
    }
    const at = line.indexOf("=");
    if (at < 0) throw new Error(`read the content error: "${line}", should key = val`);
    const name = line.slice(0, at).trim().toLowerCase();
    if (section === "default") values.set(name, expand(unquoted(line.slice(at + 1).trim()), environment));
  }
  const get = (key: string): string => environment[key] ?? values.get(key.toLowerCase()) ?? "";
  return { get, flag: (key) => get(key) === "true" };
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.replace(/^"+|"+$/g, "") : value;
}

/** A value that is entirely `${NAME}` or `${NAME||default}` stands for an environment variable. */
function expand(value: string, environment: Environment): string {
  const match = /^\$\{([^|}]*)(?:\|\|(.*))?\}$/s.exec(value);
  if (match === null) return value;
  const found = environment[match[1] ?? ""];
  return found === undefined || found === "" ? (match[2] ?? "") : found;
}

export interface Settings {
  readonly port: number;
  readonly origin: string;
  readonly staticBaseUrl: string;
  readonly driverName: string;
  readonly dataSourceName: string;
  readonly initDataFile: string;
  readonly initDataNewOnly: boolean;
  readonly errorMask: boolean;
  /** Empty for sessions in files. */
  readonly redisEndpoint: string;
  /** How long a session and its cookie live. */
  readonly sessionSeconds: number;
  /** What a sign-in by a provider may have as its state, beside the application's name. */
  readonly authState: string;
  readonly webConfig: WebConfig;
}

/** What each page tells the browser in its cookie `jsonWebConfig`. */
export interface WebConfig {
  readonly showGithubCorner: boolean;
  readonly forceLanguage: string;
  readonly defaultLanguage: string;
  readonly isDemoMode: boolean;
  readonly staticBaseUrl: string;
  readonly aiAssistantUrl: string;
  readonly defaultApplication: string;
  readonly maxItemsForFlatMenu: number;
}

/**
 * The settings the stand-in uses.
 * @throws {Error} when one that Casdoor cannot start without is missing or malformed.
 */
export function readSettings(conf: AppConf): Settings {
  const logConfig = conf.get("logConfig");
  if (logConfig !== "" && !isJsonObject(logConfig)) throw new Error(`logConfig is not a JSON object: ${logConfig}`);
  const port = Number(conf.get("httpport") === "" ? "8000" : conf.get("httpport"));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`httpport: ${conf.get("httpport")}`);
  const driverName = conf.get("driverName");
  if (driverName !== "postgres")
    throw new Error(`unsupported driver name: "${driverName}" (this stand-in speaks postgres only)`);
  const origin = conf.get("origin");
  if (origin.endsWith("/"))
    throw new Error(`origin ends with a slash, every address in a token would have two: ${origin}`);
  const staticBaseUrl = conf.get("staticBaseUrl") === "" ? "https://cdn.casbin.org" : conf.get("staticBaseUrl");
  return {
    port,
    origin,
    staticBaseUrl,
    driverName,
    dataSourceName: conf.get("dataSourceName"),
    initDataFile: conf.get("initDataFile"),
    initDataNewOnly: conf.flag("initDataNewOnly"),
    errorMask: conf.flag("enableErrorMask"),
    redisEndpoint: conf.get("redisEndpoint"),
    sessionSeconds: wholeNumber(conf.get("sessionCookieLifeTime")) ?? 30 * 86_400,
    authState: conf.get("authState"),
    webConfig: {
      showGithubCorner: conf.flag("showGithubCorner"),
      forceLanguage: language(conf.get("forceLanguage")),
      defaultLanguage: language(conf.get("defaultLanguage")),
      isDemoMode: conf.get("isDemoMode").toLowerCase() === "true",
      staticBaseUrl,
      aiAssistantUrl: conf.get("aiAssistantUrl"),
      defaultApplication: conf.get("defaultApplication") === "" ? "app-built-in" : conf.get("defaultApplication"),
      maxItemsForFlatMenu: wholeNumber(conf.get("maxItemsForFlatMenu")) ?? 7,
    },
  };
}

/** Anything but two characters is English: there is no way to name no language. */
function language(text: string): string {
  return text.length === 2 && text !== "nu" ? text : "en";
}

function wholeNumber(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
