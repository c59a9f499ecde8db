/** gsasl against Postern with Dovecot and Postfix behind. */
import { gsasl } from "./clients/gsasl.ts";
import { testClient } from "./matrix.ts";

testClient(gsasl);
