/** msmtp against Postern with Dovecot and Postfix behind. */
import { msmtp } from "./clients/msmtp.ts";
import { testClient } from "./matrix.ts";

testClient(msmtp);
