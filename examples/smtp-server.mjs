// SCRAM and NTLM in an application of smtp-server, beside its own PLAIN.
import { SMTPServer } from "smtp-server";
import { accounts, addMechanisms } from "postern/smtp-server";

const server = new SMTPServer({
  authMethods: ["PLAIN"],
  onAuth: (auth, session, callback) => callback(new Error("use SCRAM or NTLM")),
  onData(stream, session, callback) {
    console.log(`mail from ${session.user}`);
    stream.resume().on("end", callback);
  },
  allowInsecureAuth: true, // SCRAM and NTLM do not show the password; your own server has key and cert instead
  logger: false,
});

addMechanisms(server, {
  mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "NTLM"],
  judge: accounts([{ user: "alice", domain: "EXAMPLE", password: "secret" }]),
});

server.listen(Number(process.env.PORT ?? 2525), "127.0.0.1", () => {
  console.log(`listening on ${server.server.address().port}`);
});
