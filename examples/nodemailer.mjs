// nodemailer that logs on with SCRAM or NTLM, whichever is the strongest that the server offers.
import nodemailer from "nodemailer";
import { saslAuth } from "postern/nodemailer";

const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: Number(process.env.PORT ?? 2525),
  ignoreTLS: true, // for a server on this machine only
  auth: { type: "custom", method: "SASL", user: "alice", pass: "secret" }, // or "NTLM", "SCRAM-SHA-256" ...
  customAuth: saslAuth(),
});

const { response } = await transport.sendMail({
  from: "alice@example.com",
  to: "bob@example.com",
  subject: "Hello",
  text: "Sent without showing the password.",
});
console.log(response);
