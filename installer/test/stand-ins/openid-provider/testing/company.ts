import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueCertificate, type IssuedCertificate } from "../../../support/issue-certificate.ts";
import { OpenidProvider, type Person, type ProviderSettings } from "../provider.ts";

/** A company with people, an authority of its own, and providers that it starts on an address of this machine. */
export class Company {
  readonly clientId = "ai-platform";
  readonly #folder: string;
  readonly #leaf: IssuedCertificate;
  readonly #host: string;
  readonly #providers: OpenidProvider[] = [];

  private constructor(folder: string, leaf: IssuedCertificate, host: string) {
    this.#folder = folder;
    this.#leaf = leaf;
    this.#host = host;
  }

  static async found(host = "127.0.0.1"): Promise<Company> {
    const folder = await mkdtemp(join(tmpdir(), "slipway-company-"));
    const authority = await issueCertificate({ commonName: "Corp authority", authority: true });
    const leaf = await issueCertificate({ commonName: "login", names: [host], issuer: authority });
    const company = new Company(folder, leaf, host);
    await writeFile(company.caFile, authority.pem);
    return company;
  }

  get caFile(): string {
    return join(this.#folder, "ca.crt");
  }

  /** A folder of this company's own. */
  file(name: string): string {
    return join(this.#folder, name);
  }

  async provider(
    settings: Pick<ProviderSettings, "clientSecret" | "redirectUris"> & Partial<ProviderSettings>,
  ): Promise<OpenidProvider> {
    const provider = new OpenidProvider({
      clientId: this.clientId,
      people,
      tls: { certificate: this.#leaf.pem, privateKey: this.#leaf.key },
      ...settings,
    });
    await provider.listen(this.#host);
    this.#providers.push(provider);
    return provider;
  }

  async closeProviders(): Promise<void> {
    for (const provider of this.#providers.splice(0)) await provider.close();
  }

  async dissolve(): Promise<void> {
    await this.closeProviders();
    await rm(this.#folder, { recursive: true });
  }
}

function person(name: string, claims: Readonly<Record<string, unknown>> = {}): Person {
  const usual = { sub: `id-of-${name}`, preferred_username: name, name: `Ms ${name}`, email: `${name}@corp.test` };
  return { password: passwordOf(name), claims: { ...usual, ...claims } };
}

export function passwordOf(username: string): string {
  return `${username}#Pass1`;
}

/** Somebody usual, and some who could be taken for somebody else or for nobody. */
const people: ProviderSettings["people"] = {
  anna: person("anna"),
  root: person("root", { email: "another@corp.test" }),
  boss: person("boss", { email: "root@localhost" }),
  nomail: person("nomail", { email: undefined }),
};
