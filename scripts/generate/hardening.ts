import { hardeningPage } from "../../installer/src/render/hardening/hardening-page.ts";
import { guarantees } from "../../installer/test/contract/guarantees/guarantees.ts";
import type { Generator } from "./generated-file.ts";
import { renderProofs } from "./render-proofs.ts";

/** docs/hardening.md: the rules on rendered output, what may break them, and what the platform as a whole keeps to. */
export const generateHardening: Generator = () =>
  Promise.resolve([{ path: "docs/hardening.md", contents: `${hardeningPage()}\n${renderGuarantees()}` }]);

function renderGuarantees(): string {
  const rows = guarantees.map(({ id, promise, proofs, notYet = "" }) => {
    const reason = proofs.length === 0 ? `not yet: ${notYet}` : notYet;
    return `| ${id} | ${promise} | ${renderProofs(proofs)} | ${reason} |`;
  });
  return `## Guarantees

What a platform keeps to as a whole, each with the tests that show it. A test of the tests looks for their titles. \`%s\` stands for the rows of a
test that has several.

| Guarantee | Promise | Shown by | Not yet |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
