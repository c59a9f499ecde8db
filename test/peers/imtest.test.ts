/** Cyrus' imtest, pop3test and smtptest against Postern with Dovecot and Postfix behind. */
import { imtest } from "./clients/imtest.ts";
import { testClient } from "./matrix.ts";

testClient(imtest);
