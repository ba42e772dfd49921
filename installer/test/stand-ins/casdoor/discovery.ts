/** The OpenID discovery document for an origin, with the addresses Casdoor names. */
export function discovery(origin: string): Readonly<Record<string, unknown>> {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/login/oauth/authorize`,
    token_endpoint: `${origin}/api/login/oauth/access_token`,
    userinfo_endpoint: `${origin}/api/userinfo`,
    device_authorization_endpoint: `${origin}/api/device-auth`,
    jwks_uri: `${origin}/.well-known/jwks`,
    introspection_endpoint: `${origin}/api/login/oauth/introspect`,
    response_types_supported: [
      "code",
      "token",
      "id_token",
      "code token",
      "code id_token",
      "token id_token",
      "code token id_token",
      "none",
    ],
    response_modes_supported: ["query", "fragment", "form_post"],
    grant_types_supported: ["authorization_code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile", "address", "phone", "offline_access", "device_sso"],
    code_challenge_methods_supported: ["S256"],
    claims_supported: [
      "iss",
      "ver",
      "sub",
      "aud",
      "iat",
      "exp",
      "id",
      "type",
      "displayName",
      "avatar",
      "email",
      "phone",
      "tag",
      "isAdmin",
    ],
    end_session_endpoint: `${origin}/api/logout`,
  };
}

/** Where the server is reached, when the configuration names no origin: Casdoor guesses the scheme from the host. */
export function guessedOrigin(host: string): string {
  const name = host.replace(/:\d+$/, "");
  const plain = !host.includes(".") || /^\d+(\.\d+){3}$/.test(name);
  return `${plain ? "http" : "https"}://${host}`;
}
