import {
  type ComponentDefinition,
  endpointOfUrl,
  externalComponent,
  type OutsideDocument,
  type PlanContext,
} from "../define.ts";
import {
  hasCompanyAccounts,
  providerAuthority,
  providerCaFile,
  providerCallback,
  providerClient,
  providerSecrets,
} from "../groups/company-accounts.ts";
import type { Wire } from "../model.ts";

/** The company's own OpenID provider, whose people sign in here; it is always somewhere else. */
export const openidProvider: ComponentDefinition = {
  id: "openid-provider",
  build(context) {
    if (!hasCompanyAccounts(context)) return {};
    const { issuer, clientId } = context.values.casdoor.provider;
    const component = {
      id: "openid-provider",
      title: { en: "Company accounts", zh: "企业账号" },
      purpose: { en: "Signs in people with the accounts that they have", zh: "使用企业已有账号登录" },
      zone: "edge" as const,
    };
    return {
      component: {
        ...externalComponent(component, endpointOfUrl("https", "http", issuer)),
        registrations: [
          {
            place: issuer,
            what: { en: `redirect URI of the client ${clientId}`, zh: `客户端 ${clientId} 的重定向 URI` },
            value: providerCallback(context),
          },
        ],
      },
      secrets: providerSecrets(context),
      wires: [wire(context)],
      outside: [outside(context)],
    };
  },
};

function wire(context: PlanContext): Wire {
  return {
    id: "company-accounts",
    from: "casdoor",
    to: "openid-provider.https",
    expectation: "discovery, clocks, client and its secret, and where it sends people back to",
    check: {
      kind: "openid-provider",
      ...providerClient(context),
      ...providerCaFile(context),
      callbackUrl: providerCallback(context),
    },
  };
}

function outside(context: PlanContext): OutsideDocument {
  const ca = providerAuthority(context);
  return {
    kind: "openid-provider",
    service: "openid-provider",
    ...providerClient(context),
    callbackUrl: providerCallback(context),
    ...(ca === undefined ? {} : { ca }),
  };
}
