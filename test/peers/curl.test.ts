/** curl against Postern with Dovecot and Postfix behind. */
import { curl } from "./clients/curl.ts";
import { testClient } from "./matrix.ts";

testClient(curl);
