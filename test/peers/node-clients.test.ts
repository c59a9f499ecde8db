/** Clients from npm against Postern with Dovecot and Postfix behind. */
import { imapflow, nodemailer, nodemailerSasl, nodePop3 } from "./clients/node.ts";
import { testClient } from "./matrix.ts";

testClient(imapflow);
testClient(nodemailer);
testClient(nodemailerSasl);
testClient(nodePop3);
