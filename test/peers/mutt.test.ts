/** mutt against Postern with Dovecot and Postfix behind. */
import { mutt } from "./clients/mutt.ts";
import { testClient } from "./matrix.ts";

testClient(mutt);
