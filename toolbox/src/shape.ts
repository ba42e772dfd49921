/** Checks a value at a path and returns it in its right form, or notes what is wrong and returns undefined. */
export type Shape<T> = (value: unknown, path: string, problems: string[]) => T | undefined;

/** A field that may be absent. */
export interface OptionalField<T> {
  readonly optional: Shape<T>;
}

type Field = Shape<unknown> | OptionalField<unknown>;

/** What was met instead; never a value, because it could be a secret. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value === "") return "an empty text";
  return value === undefined ? "nothing" : `a ${typeof value}`;
}

export function optional<T>(shape: Shape<T>): OptionalField<T> {
  return { optional: shape };
}

export const text: Shape<string> = (value, path, problems) => {
  if (typeof value === "string" && value !== "" && !value.includes("\u0000")) return value;
  const got = typeof value === "string" && value !== "" ? "a text with NUL" : typeName(value);
  problems.push(`${path}: must be a text that is not empty (got ${got})`);
  return undefined;
};

export const flag: Shape<boolean> = (value, path, problems) => {
  if (typeof value === "boolean") return value;
  problems.push(`${path}: must be true or false (got ${typeName(value)})`);
  return undefined;
};

/** A whole number, or its digits as a text, between the bounds. */
export function whole(least: number, most: number): Shape<number> {
  return (value, path, problems) => {
    const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    problems.push(`${path}: must be a whole number from ${least} to ${most} (got ${typeName(value)})`);
    return undefined;
  };
}

export const port: Shape<number> = whole(1, 65_535);

export function oneOf<const T extends string>(...allowed: readonly T[]): Shape<T> {
  return (value, path, problems) => {
    const found = allowed.find((item) => item === value);
    if (found !== undefined) return found;
    problems.push(`${path}: must be one of ${allowed.join(", ")} (got ${typeName(value)})`);
    return undefined;
  };
}

/** A URL of one of the protocols; `bare` allows nothing behind the host and port. */
export function url(protocols: readonly string[], options: { readonly bare?: boolean } = {}): Shape<string> {
  return (value, path, problems) => {
    const parsed = typeof value === "string" ? URL.parse(value) : null;
    if (parsed === null || !protocols.includes(parsed.protocol)) {
      problems.push(`${path}: must be a URL beginning with ${protocols.map((p) => `${p}//`).join(" or ")}`);
      return undefined;
    }
    if (parsed.username !== "" || parsed.password !== "") {
      problems.push(`${path}: must not hold a user or password, these have fields of their own`);
      return undefined;
    }
    if (options.bare === true && (parsed.pathname.length > 1 || parsed.search !== "" || parsed.hash !== "")) {
      problems.push(`${path}: must end after host and port, without a path`);
      return undefined;
    }
    return options.bare === true ? (value as string).replace(/\/+$/, "") : (value as string);
  };
}

export const address: Shape<string> = (value, path, problems) => {
  if (typeof value === "string" && /^(?:[^\s/:]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/.test(value)) return value;
  problems.push(`${path}: must be host:port`);
  return undefined;
};

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value, path, problems) => {
    if (!Array.isArray(value)) {
      problems.push(`${path}: must be a list (got ${typeName(value)})`);
      return undefined;
    }
    return value.map((entry, index) => item(entry, `${path}[${index}]`, problems)) as readonly T[];
  };
}

/** A text-to-something map with free keys. */
export function record<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path, problems) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      problems.push(`${path}: must be an object (got ${typeName(value)})`);
      return undefined;
    }
    const entries = Object.entries(value).map(([key, entry]) => [key, item(entry, `${path}.${key}`, problems)]);
    return Object.fromEntries(entries) as Readonly<Record<string, T>>;
  };
}

export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value, path, problems) => {
    const tried: string[] = [];
    const result = first(value, path, tried);
    return tried.length === 0 ? result : second(value, path, problems);
  };
}

/** A closed object: every field of the contract, nothing else. The type argument ties it to the contract. */
export function object<T>(fields: { readonly [K in keyof T]-?: Field }): Shape<T> {
  const known = Object.entries<Field>(fields);
  return (value, path, problems) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      problems.push(`${path}: must be an object (got ${typeName(value)})`);
      return undefined;
    }
    const given = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(fields, name)) problems.push(`${path}.${name}: unknown field`);
    }
    const result: Record<string, unknown> = {};
    for (const [name, field] of known) {
      const missing = !Object.hasOwn(given, name);
      if (missing && typeof field !== "function") continue;
      const shape = typeof field === "function" ? field : field.optional;
      result[name] = shape(given[name], `${path}.${name}`, problems);
    }
    return result as T;
  };
}
