/**
 * A session with a domain controller: the handshake on one connection, users' logons on others that are sealed with its
 * key (MS-NRPC 3.1.4.1, 3.3.4, 3.5.4.5.1).
 */
import { drawChallenge } from "./credentials.ts";
import { deadlineIn, type Deadline } from "./deadline.ts";
import { mapNetlogon } from "./endpoint-mapper.ts";
import { NetlogonError } from "./error.ts";
import { shakeHands, type Agreement } from "./handshake.ts";
import { NETLOGON } from "./interfaces.ts";
import type {
  DomainController,
  MachineAccount,
  NetlogonConnection,
  NetlogonSession,
  NetworkLogon,
  NetworkLogonReply,
  Patience,
} from "./netlogon.ts";
import { RpcConnection, type Address } from "./rpc-connection.ts";
import { encodeSamLogon, readSamLogonReply, SAM_LOGON_EX } from "./sam-logon.ts";
import { negotiateToken, Sealing } from "./sealing.ts";

const MAPPER_PORT = 135;

/** Asks the endpoint mapper where there is no port, then shakes hands. Throws NetlogonError. */
export async function establishSession(
  controller: DomainController,
  machine: MachineAccount,
  { timeout }: Patience,
): Promise<NetlogonSession> {
  const deadline = deadlineIn(timeout);
  const { address, agreement } = await agree(controller, machine, deadline);
  return {
    ...address,
    accountRid: agreement.accountRid,
    open: async (patience) => {
      const rpc = await openSealed(address, machine, agreement.sessionKey, deadlineIn(patience.timeout));
      return new SealedConnection(rpc, machine, agreement.sessionKey);
    },
  };
}

export interface Agreed {
  readonly address: Address;
  readonly agreement: Agreement;
}

/** The port and the key. Throws NetlogonError. */
export async function agree(
  { host, port, mapperPort = MAPPER_PORT }: DomainController,
  machine: MachineAccount,
  deadline: Deadline,
): Promise<Agreed> {
  const address = { host, port: port ?? (await mapNetlogon(host, mapperPort, deadline)) };
  const connection = await RpcConnection.bind(address, NETLOGON, deadline);
  try {
    return { address, agreement: await shakeHands(connection, machine, drawChallenge(), deadline) };
  } finally {
    connection.close();
  }
}

/** A connection on which everything is signed and sealed. Throws NetlogonError. */
export function openSealed(
  address: Address,
  machine: MachineAccount,
  sessionKey: Buffer,
  deadline: Deadline,
): Promise<RpcConnection> {
  const security = { token: negotiateToken(machine), sealing: new Sealing(sessionKey) };
  return RpcConnection.bind(address, NETLOGON, deadline, security);
}

class SealedConnection implements NetlogonConnection {
  readonly #rpc: RpcConnection;
  readonly #machine: MachineAccount;
  readonly #sessionKey: Buffer;

  constructor(rpc: RpcConnection, machine: MachineAccount, sessionKey: Buffer) {
    this.#rpc = rpc;
    this.#machine = machine;
    this.#sessionKey = sessionKey;
  }

  get isOpen(): boolean {
    return this.#rpc.isOpen;
  }

  get closed(): Promise<NetlogonError> {
    return this.#rpc.closed;
  }

  async logon(request: NetworkLogon, { timeout }: Patience): Promise<NetworkLogonReply> {
    const stub = await this.#rpc.call(SAM_LOGON_EX, encodeSamLogon(this.#machine, request), deadlineIn(timeout));
    try {
      return readSamLogonReply(stub, this.#sessionKey);
    } catch (error) {
      if (error instanceof NetlogonError) this.#rpc.fail(error);
      throw error;
    }
  }

  close(): void {
    this.#rpc.close();
  }
}
