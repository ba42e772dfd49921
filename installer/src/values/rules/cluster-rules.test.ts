import { describe, expect, it } from "vitest";
import { listProblems } from "../../../test/support/values-sources.ts";

describe("the cluster's values", () => {
  it.each([
    "exposure: { kind: externalIPs, addresses: [192.0.2.10, '2001:db8::1'] }",
    "exposure: { kind: loadBalancer, class: service.k8s.aws/nlb, annotations: { metallb.io/address-pool: public } }",
    "gatewayClass: { name: envoy, namespace: envoy-gateway-system, addresses: [10.244.0.0/16] }",
    "imagePullSecrets: [regcred, other.example]",
    "dns: { namespace: openshift-dns, selector: dns.operator.openshift.io/daemonset-dns=default }",
    "apiServer: { addresses: [192.0.2.1, '2001:db8::/32'], ports: [6443] }",
    "namespace: team-a",
  ])("may be %s", (text) => {
    expect(listProblems(`cluster:\n  ${text}`)).toEqual([]);
  });

  it.each([
    [
      "exposure: { kind: externalIPs }",
      "cluster.exposure.addresses: is empty, but cluster.exposure.kind is externalIPs; name addresses that lead to nodes [my.yaml:2:21]",
    ],
    [
      "exposure: { kind: externalIPs, addresses: [300.0.0.1] }",
      'cluster.exposure.addresses.0: is not an IP address (got "300.0.0.1"), allowed is an IP address [my.yaml:2:46]',
    ],
    [
      "exposure: { kind: externalIPs, addresses: 192.0.2.10 }",
      'cluster.exposure.addresses: is not a list (got "192.0.2.10"), write it as [192.0.2.10]; allowed is a list of IP addresses [my.yaml:2:45]',
    ],
    [
      "exposure: { addresses: [192.0.2.10] }",
      "cluster.exposure.addresses: is given, but cluster.exposure.kind is loadBalancer and would not use it; remove the line or change the kind [my.yaml:2:26]",
    ],
    [
      "exposure: { kind: clusterIP, class: x }",
      "cluster.exposure.class: is given, but cluster.exposure.kind is clusterIP and would not use it; remove the line or change the kind [my.yaml:2:39]",
    ],
    [
      "exposure: { annotations: { 'a b': x } }",
      'cluster.exposure.annotations["a b"]: the name is not possible, allowed are names of annotations such as service.beta.kubernetes.io/aws-load-balancer-type [my.yaml:2:30]',
    ],
    [
      "namespace: Team_A",
      'cluster.namespace: is not allowed (got "Team_A"), allowed is lower-case letters, digits and dashes, beginning and ending with a letter or digit (at most 63), or empty [my.yaml:2:14]',
    ],
    [
      "gatewayClass: { namespace: envoy }",
      "cluster.gatewayClass.namespace: is given, but cluster.gatewayClass.name is empty and nothing would use it; name the class too [my.yaml:2:30]",
    ],
    [
      "gatewayClass: { name: envoy }",
      "cluster.gatewayClass.addresses: is empty, and without the addresses of the gateway's proxies every caller would seem to be one of them; name the range of their pods [my.yaml:2:25]",
    ],
    [
      "gatewayClass: { name: envoy, addresses: [10.0.0.0/40] }",
      'cluster.gatewayClass.addresses.0: is not an IP address or range (got "10.0.0.0/40"), allowed is an IP address or a range such as 10.0.0.0/8 [my.yaml:2:44]',
    ],
    [
      "apiServer: { ports: [] }",
      "cluster.apiServer.ports: is empty; name the ports of the API server, such as 443 [my.yaml:2:23]",
    ],
    [
      "ephemeralStorage: { request: 4Gi }",
      'cluster.ephemeralStorage.request: is more than the limit (got "4Gi"), allowed is at most 2Gi [my.yaml:2:32]',
    ],
    [
      "cpuRequestPercent: 0",
      "cluster.cpuRequestPercent: is not allowed (got 0), allowed is a whole number from 1 to 100 [my.yaml:2:22]",
    ],
  ])("cannot be %s", (text, problem) => {
    expect(listProblems(`cluster:\n  ${text}`)).toEqual([problem]);
  });

  it("open only ports on nodes that a cluster opens there", () => {
    const domain = "domain: ai.corp.example";
    const ports = "ports: { http: 30080, https: 30443, ssh: 30022 }";
    const exposed = "cluster: { exposure: { kind: nodePort } }";
    const behind = "cluster: { exposure: { kind: nodePort }, gatewayClass: { name: envoy, addresses: [10.0.0.0/8] } }";
    const wrong = (name: string, port: number): string =>
      `ports.${name}: is no port that a cluster opens on its nodes, which cluster.exposure.kind nodePort asks for (got ${port}), allowed is a port from 30000 to 32767 [my.yaml:2:30]`;

    expect(listProblems([domain, exposed, ports].join("\n"))).toEqual([]);
    expect(listProblems([domain, exposed].join("\n"))).toEqual([
      wrong("http", 80),
      wrong("https", 443),
      wrong("ssh", 2222),
    ]);
    expect(listProblems([domain, behind].join("\n"))).toEqual([wrong("ssh", 2222)]);
  });
});
