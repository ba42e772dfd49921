const mostListed = 8;

/** Texts for the middle of a sentence, `redis, nats, minio`; of many only the first, `… and 3 more`. */
export function listTexts(texts: readonly string[], most = mostListed): string {
  const more = texts.length - most;
  return `${texts.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
