import { composeRules } from "./compose-rules.ts";
import { configRules } from "./config-rules.ts";
import { hardeningExemptions } from "./hardening-exemptions.ts";
import { hardeningRules } from "./hardening-rules.ts";
import { helmObjectRules } from "./helm-object-rules.ts";
import { helmPodRules } from "./helm-pod-rules.ts";

/** The rules, where each is proved, and what is exempt, as a page of the documentation. */
export function hardeningPage(): string {
  const rules = hardeningRules.map(({ id, title, elsewhere = "" }) => {
    const compose = id in composeRules || id in configRules ? "yes" : "";
    const helm = id in helmPodRules || id in helmObjectRules || id in configRules ? "yes" : "";
    return `| ${id} | ${title} | ${compose} | ${helm} | ${elsewhere} |`;
  });
  const exemptions = hardeningExemptions.map(
    ({ rule, target, where, reason, owner, expires }) =>
      `| ${rule} | ${target} | \`${where.source.replaceAll("|", "\\|")}\` | ${reason} | ${owner} | ${expires} |`,
  );
  return `# Hardening

Every rule that can be read off rendered output is checked in the tests on what Compose and Helm are given, not on our intentions.
This page is generated from \`installer/src/render/hardening/\` and \`installer/test/contract/guarantees/\`.

| Rule | What must be so | Compose file checked | Chart output checked | Proved elsewhere |
| --- | --- | --- | --- | --- |
${rules.join("\n")}

## Exemptions

A place that may break a rule, with the reason. An exemption that nothing needs any more, or that has run out, fails the tests.

| Rule | Target | Where (pattern) | Reason | Owner | Until |
| --- | --- | --- | --- | --- | --- |
${exemptions.join("\n")}

Pods set \`fsGroup\` to their container's group: the kubelet owns mounted secrets and claims, and the group is how a container that is not
root reads and writes them.
`;
}
