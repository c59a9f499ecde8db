/** fetchmail against Postern with Dovecot and Postfix behind. */
import { fetchmail } from "./clients/fetchmail.ts";
import { testClient } from "./matrix.ts";

testClient(fetchmail);
