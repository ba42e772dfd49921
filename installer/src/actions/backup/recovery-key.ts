import { createHash } from "node:crypto";
import { UsageError } from "../../errors/installer-error.ts";
import type { Random } from "../../platform/ports.ts";

/** Crockford's base 32: no letter that is taken for a digit or another letter, https://www.crockford.com/base32.html */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const groupLength = 5;
/** 35 characters of 5 bits each; one group more tells a typing error. */
const randomGroups = 7;

/** A key that a person keeps away from the platform: with it alone everything can be brought back. */
export function makeRecoveryKey(random: Pick<Random, "bytes">): string {
  const bytes = random.bytes(randomGroups * groupLength);
  return inGroups(withCheck([...bytes].map((byte) => alphabet[byte % alphabet.length] ?? "").join("")));
}

/**
 * Reads a key as a person typed it: in capitals or not, with dashes, blanks or nothing between its groups.
 * @throws UsageError for a typing error
 */
export function parseRecoveryKey(typed: string): string {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const random = letters.slice(0, randomGroups * groupLength);
  if (letters === withCheck(random) && /^[0-9A-HJKMNP-TV-Z]*$/.test(letters)) return inGroups(letters);
  throw new UsageError("this is no recovery key, or one with a typing error", {
    hint: `a recovery key has ${randomGroups + 1} groups of ${groupLength} letters and digits, as slipway backup init showed it`,
  });
}

function withCheck(letters: string): string {
  const digest = createHash("sha256").update(letters).digest();
  const check = [...digest.subarray(0, groupLength)].map((byte) => alphabet[byte % alphabet.length] ?? "");
  return letters + check.join("");
}

function inGroups(letters: string): string {
  return (letters.match(new RegExp(`.{1,${groupLength}}`, "g")) ?? []).join("-");
}
