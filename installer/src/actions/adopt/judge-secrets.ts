import type { FoundInstallation, FoundSecret } from "./found.ts";
import { hasPublicKey, isPublicValue } from "./public-values.ts";
import { type SecretFate, secretNamed } from "./vendor-secrets.ts";

/** How good a secret is: the worst that is true of it. */
export type Judgement = "public" | "guessable" | "short" | "fine";

export interface JudgedSecret {
  readonly title: string;
  /** Where it stands: file, and name in it. */
  readonly places: readonly string[];
  readonly judgement: Judgement;
  readonly why: string;
  readonly fate: SecretFate;
  /** What becomes of it means this for people. */
  readonly means: string;
}

const shortest = 16;
/** Fewer different characters than in almost every random text of that length. */
const fewest = 8;

interface Verdict {
  readonly judgement: Judgement;
  readonly why: string;
}

/** Says of a value how it could be known to others. It is judged by its shape and where it comes from: nothing is tried out. */
export function judgeValue(value: string, madeBy: FoundSecret["madeBy"]): Verdict {
  if (isPublicValue(value))
    return { judgement: "public", why: "it comes with the vendor's files, or everybody tries it first" };
  const shape = weakShape(value);
  if (shape !== undefined) return { judgement: "guessable", why: shape };
  if (madeBy === "vendor") {
    return { judgement: "guessable", why: "the old installer made it, and nothing shows that it was drawn at random" };
  }
  if (value.length < shortest) {
    return { judgement: "short", why: `it has ${value.length} characters, ${shortest} are the least` };
  }
  return { judgement: "fine", why: "nothing speaks against it" };
}

function weakShape(value: string): string | undefined {
  if (/^[A-Za-z]+[@_.#-]?(19|20)\d\d\W?$/.test(value)) return "it is a word with a year";
  if (/^\d+$/.test(value)) return "it is made of digits alone";
  if (/^[A-Za-z]+(-[A-Za-z]+)*\W?$/.test(value) && value.length < shortest) return "it is made of words";
  const isUniform = value.length >= shortest && new Set(value).size < fewest;
  if (isUniform || /^(.{1,8}?)\1+$/.test(value)) return "it repeats itself";
  return undefined;
}

const signInPair = {
  title: "key that signs sign-ins",
  fate: "replaced",
  means: "people sign in again; programs of your own that check its signature need the new certificate",
} as const;

/** Every secret of an installation, each once, the worst first. */
export function judgeSecrets(found: FoundInstallation): readonly JudgedSecret[] {
  const secrets = groupBy(found.secrets, ({ name, value }) => `${secretNamed(name)?.id ?? ""} ${value}`).flatMap(
    (same): readonly JudgedSecret[] => {
      const [first] = same;
      const known = first === undefined ? undefined : secretNamed(first.name);
      if (first === undefined || known === undefined) return [];
      const { title, fate, means } = known;
      const madeBy = same.every((one) => one.madeBy === "vendor") ? "vendor" : "unknown";
      return [{ title, places: placesOf(same), ...judgeValue(first.value, madeBy), fate, means }];
    },
  );
  const elsewhere = found.outside.flatMap(({ section, at, secret }) =>
    secret === undefined ? [] : [judgeKept(`password of ${section} at ${at}`, secret)],
  );
  const { mail } = found;
  const post = mail?.secret === undefined ? [] : [judgeKept(`password at the mail server ${mail.host}`, mail.secret)];
  return [...secrets, ...judgePairs(found), ...elsewhere, ...post].toSorted((a, b) => rankOf(a) - rankOf(b));
}

function judgeKept(title: string, { value, where }: { readonly value: string; readonly where: string }): JudgedSecret {
  const verdict = judgeValue(value, "unknown");
  const means =
    verdict.judgement === "public"
      ? "the service asks for it: change it there, and put the new one into the file that the values name"
      : "the service asks for it: it goes into a file that the values name";
  return { title, places: [where], ...verdict, fate: "kept", means };
}

function judgePairs({ certificates }: FoundInstallation): readonly JudgedSecret[] {
  return groupBy(certificates, ({ pem }) => pem.replaceAll(/\s/g, "")).flatMap((same): readonly JudgedSecret[] => {
    const isPublic = hasPublicKey(same[0]?.pem ?? "");
    if (isPublic === undefined) return [];
    const verdict: Verdict = isPublic
      ? { judgement: "public", why: "its private key comes with the vendor's files: who has those signs in as anybody" }
      : { judgement: "fine", why: "its private key is none of those that come with the vendor's files" };
    return [{ ...signInPair, places: placesOf(same), ...verdict }];
  });
}

function placesOf(same: readonly { readonly where: string }[]): readonly string[] {
  return [...new Set(same.map(({ where }) => where))];
}

const order: readonly Judgement[] = ["public", "guessable", "short", "fine"];

function rankOf({ judgement }: JudgedSecret): number {
  return order.indexOf(judgement);
}

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): readonly (readonly Value[])[] {
  return [...Map.groupBy(values, keyOf).values()];
}
