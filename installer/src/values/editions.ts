import type { Values } from "./values.generated.ts";

/** What an edition of CSGHub changes. */
export interface Edition {
  /** Behind a tag of the form vX.Y.Z of the images of its programs. */
  readonly tagSuffix: string;
  readonly saas: boolean;
  /** Whether its pages are those of a platform that one runs oneself. */
  readonly onPremise: boolean;
  /** Programs that it has beside those of the Community Edition. They are closed: what they must be told is known to nobody but their maker. */
  readonly alsoHas: readonly string[];
}

/** The editions there are. Only one without closed programs can be installed. */
export const editions: Readonly<Record<Values["edition"], Edition>> = {
  // Its client of the chunk store (xnet) is a stub, so that one would serve nobody.
  ce: { tagSuffix: "-ce", saas: false, onPremise: true, alsoHas: [] },
  ee: { tagSuffix: "-ee", saas: false, onPremise: true, alsoHas: ["xnet", "llmlog", "agentichub", "csgship"] },
  saas: {
    tagSuffix: "-saas",
    saas: true,
    onPremise: false,
    alsoHas: ["xnet", "llmlog", "agentichub", "csgship", "payment", "fedap", "trustregistry"],
  },
};

const plainTag = /:(v\d+\.\d+\.\d+)(-(ce|ee|saas))?$/;

/** The reference with the tag that an edition's images have, where its tag is the plain version or another edition's. */
export function editionReference(reference: string, edition: Values["edition"]): string {
  return reference.replace(plainTag, `:$1${editions[edition].tagSuffix}`);
}
