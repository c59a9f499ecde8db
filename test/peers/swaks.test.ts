/** swaks against Postern with Dovecot and Postfix behind. */
import { swaks } from "./clients/swaks.ts";
import { testClient } from "./matrix.ts";

testClient(swaks);
