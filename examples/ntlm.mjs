// An NTLM logon, both sides: the three messages travel by whatever protocol you have.
import { createClient, createServer, ntHash } from "postern/ntlm";

const accounts = new Map([["alice", { name: "Alice", ntHash: ntHash("secret") }]]);

const server = createServer({
  names: { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL" },
  find: (user) => accounts.get(user.toLowerCase()),
});

const client = createClient({ user: "alice", domain: "EXAMPLE", password: "secret" });

const exchange = server.begin();
const challenge = exchange.challenge(client.negotiate());
const result = await exchange.verify(client.authenticate(challenge));

if (result.kind === "accepted") {
  console.log(`${result.account.name} is in, with ${result.scheme}`);
  const signed = client.security().sign(Buffer.from("hello"));
  console.log(`her signature is ${result.security().verify(Buffer.from("hello"), signed) ? "right" : "wrong"}`);
} else {
  console.log(`refused: ${result.why}`);
}
