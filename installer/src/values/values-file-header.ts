/** Name of the schema's copy that stands beside a generated values file, so that editors find it without a network. */
export const schemaFileName = "values.schema.json";

/** The first lines of a generated values file: editors with a YAML language server complete and check it by them. */
export function valuesFileHeader(): string {
  return `# yaml-language-server: $schema=./${schemaFileName}\n# slipway explain KEY says what a key means, docs/values.md describes all; check this file with: slipway validate -f values.yaml\n`;
}
