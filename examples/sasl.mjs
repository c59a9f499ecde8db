// A SASL server with accounts in memory, and a client that takes the strongest mechanism it is offered.
import { accounts, chooseClient, createSaslServer, serverConnection } from "postern/sasl";

const server = createSaslServer({
  mechanisms: ["SCRAM-SHA-256", "NTLM", "PLAIN"],
  judge: accounts([{ user: "alice", domain: "EXAMPLE", password: "secret" }]),
});

const connection = serverConnection(); // hand it the socket of the connection, if there is one
const offered = server.offered(connection); // without PLAIN, because this is not TLS
const client = chooseClient(offered, { username: "alice", password: "secret" });
console.log(`${offered.join(" ")} is offered, ${client.mechanism} is chosen`);

const exchange = server.begin(client.mechanism, connection);
let step = await exchange.start(client.initial);
while (step.kind === "challenge") step = await exchange.respond(await client.next(step.challenge));
client.finish(); // throws when the server has not proven that it knows the password

console.log(step.result.kind === "accepted" ? `${step.result.identity.user} is in` : step.result.why);
