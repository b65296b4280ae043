// A real, certified OpenID Connect provider with made-up people, for tests/web/test_providers.py.
// Prints its address as one line of JSON; ends when its standard input closes.
// Whoever signs in as "unverified:a@b" is a@b with an address that was never verified.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [redirectUri] = process.argv.slice(2);
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "headway",
    client_secret: "only-for-tests-only-for-tests-only",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "client_secret_post",
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["only-for-tests"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  async findAccount(context, id) {
    const email = id.replace("unverified:", "");
    const claims = { sub: id, email, email_verified: email === id, name: "Sam Stranger" };
    return { accountId: id, claims: async () => claims };
  },
});
server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
