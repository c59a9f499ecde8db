/** The machine account in the directory, made or reset over LDAPS by somebody who may (MS-ADTS 3.1.1.3.1.5.1 for unicodePwd). */
import { Attribute, Change, Client, type Entry } from "ldapts";
import type { Secret } from "../../core/secret.ts";
import type { Found } from "../../validators/netlogon/discovery.ts";
import { STEP_TIME } from "./settings.ts";
import { inBrackets } from "../../wire/networks.ts";

export interface Administrator {
  /** `EXAMPLE\admin` or `admin@example.com`. */
  readonly name: string;
  readonly password: Secret;
}

export interface AccountWish {
  /** Letters, digits and hyphens. */
  readonly computer: string;
  readonly password: Secret;
  /** DN for a new account; undefined: the domain's container for computers. */
  readonly container: string | undefined;
  /** An account that is there gets the password; else it is an error. */
  readonly mayReset: boolean;
}

/** The directory did not answer to a change: it may have made it. */
export class UncertainError extends Error {
  override readonly name = "UncertainError";
}

/** userAccountControl, MS-ADTS 2.2.16. */
const Uac = { accountDisable: 0x2, workstationTrust: 0x1000 } as const;

/** Throws Error with a sentence for the administrator. `ca`: PEM of the authority, instead of the system's. */
export async function provideAccount(
  at: Found,
  administrator: Administrator,
  wish: AccountWish,
  ca: string | undefined,
): Promise<"created" | "reset"> {
  const tlsOptions = { servername: at.name, ...(ca !== undefined && { ca }) };
  const client = new Client({
    url: `ldaps://${inBrackets(at.host)}`,
    tlsOptions,
    timeout: STEP_TIME,
    connectTimeout: STEP_TIME,
  });
  try {
    await client.bind(administrator.name, administrator.password.reveal()).catch(explainBind(at, administrator.name));
    const base = await baseOf(client);
    const filter = `(sAMAccountName=${wish.computer}$)`;
    const attributes = ["userAccountControl", "objectClass"];
    const { searchEntries } = await client.search(base, { scope: "sub", filter, attributes });
    const [entry] = searchEntries;
    if (!entry) return await create(client, base, wish);
    if (wish.mayReset) return await reset(client, entry, wish);
    throw new Error(`${wish.computer}$ exists (${entry.dn}): if it is this server's own, give --reset`);
  } finally {
    await client.unbind().catch(() => undefined);
  }
}

async function baseOf(client: Client): Promise<string> {
  const { searchEntries } = await client.search("", { scope: "base", attributes: ["defaultNamingContext"] });
  const base = searchEntries[0]?.["defaultNamingContext"];
  if (typeof base !== "string" || base === "")
    throw new Error("the server has no defaultNamingContext: is it a domain controller?");
  return base;
}

async function create(
  client: Client,
  base: string,
  { computer, password, container }: AccountWish,
): Promise<"created"> {
  const parent = container ?? `CN=Computers,${base}`;
  const attributes: Readonly<Record<string, string | Buffer>> = {
    objectClass: "computer",
    sAMAccountName: `${computer}$`,
    userAccountControl: String(Uac.workstationTrust),
    description: "Postern mail gateway",
    unicodePwd: quoted(password),
  };
  await client
    .add(
      `CN=${computer},${parent}`,
      Object.entries(attributes).map(([type, value]) => attribute(type, value)),
    )
    .catch(explain(`${computer}$ could not be made in ${parent}`));
  return "created";
}

/** Never another kind of account: a domain controller or a person would lose theirs. */
async function reset(client: Client, { dn, ...entry }: Entry, { computer, password }: AccountWish): Promise<"reset"> {
  const flags = Number(entry["userAccountControl"]);
  if ((flags & Uac.workstationTrust) === 0)
    throw new Error(`${computer}$ (${dn}) is no ordinary computer account: take another name`);
  const changes = [replace("unicodePwd", quoted(password))];
  if ((flags & Uac.accountDisable) !== 0)
    changes.push(replace("userAccountControl", String(flags & ~Uac.accountDisable)));
  await client.modify(dn, changes).catch(explain(`${computer}$ (${dn}) could not be given a new password`));
  return "reset";
}

function quoted(password: Secret): Buffer {
  return Buffer.from(`"${password.reveal()}"`, "utf16le");
}

function attribute(type: string, value: string | Buffer): Attribute {
  return new Attribute(typeof value === "string" ? { type, values: [value] } : { type, values: [value] });
}

function replace(type: string, value: string | Buffer): Change {
  return new Change({ operation: "replace", modification: attribute(type, value) });
}

const INVALID_CREDENTIALS = 49;
const INSUFFICIENT_ACCESS = 50;
const UNWILLING = 53;

function explainBind(at: Found, name: string): (error: unknown) => never {
  return (error) => {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    if (code === INVALID_CREDENTIALS)
      throw new Error(`the domain refuses the name or password of ${name}`, { cause: error });
    const isTls = typeof code === "string" && /CERT|SELF_SIGNED|SIGNATURE|ALTNAME|ISSUER/.test(code);
    const remedy = isTls ? ": give --ca with the authority of its certificate" : "";
    throw new Error(`LDAPS to ${at.name} does not work (${String(code ?? message)})${remedy}`, { cause: error });
  };
}

function explain(what: string): (error: unknown) => never {
  return (error) => {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    const whys: Readonly<Record<number, string>> = {
      [INSUFFICIENT_ACCESS]: "this administrator may not do that",
      [UNWILLING]: "the domain does not take the password or the account's name",
    };
    if (typeof code !== "number") throw new UncertainError(`${what}, or perhaps it was: ${message}`, { cause: error });
    throw new Error(`${what}: ${whys[code] ?? message}`, { cause: error });
  };
}
