/** mpop against Postern with Dovecot and Postfix behind. */
import { mpop } from "./clients/mpop.ts";
import { testClient } from "./matrix.ts";

testClient(mpop);
