/** An object that was read, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value that was read is an object with fields: no list, not null. */
export function hasFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of an object; none when it is no object. */
export function fieldsOf(value: unknown): Fields {
  return hasFields(value) ? value : {};
}
