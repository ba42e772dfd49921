import { assertNever } from "../../errors/installer-error.ts";
import type { Encoding, SecretSlot } from "../../plan/model.ts";
import type { RenderedText } from "../../render/rendered-file.ts";

/** Escapes a secret for the text around its slot. */
export function encodeSecret(value: string, as: Encoding): string {
  switch (as) {
    case "raw":
      return value;
    case "url":
      // encodeURIComponent leaves five characters that are delimiters in user info and queries.
      return encodeURIComponent(value).replace(
        /[!'()*]/g,
        (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
      );
    case "quoted":
      // TOML wants this one escaped, too.
      return JSON.stringify(value).slice(1, -1).replaceAll("\u007f", "\\u007f");
    case "base64":
      return Buffer.from(value, "utf8").toString("base64");
    case "shell":
      return value.replaceAll("'", "'\\''");
    default:
      return assertNever(as);
  }
}

/** Puts the secrets into their slots. */
export function resolveText(contents: RenderedText, read: (slot: SecretSlot) => string): string {
  return contents.map((part) => (typeof part === "string" ? part : encodeSecret(read(part), part.as))).join("");
}
