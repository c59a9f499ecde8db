/** How much mail the sandbox keeps: one account of octets and messages for all its users, because memory is all it has. */

export interface StoreLimits {
  /** All stored messages together, and those being received, in octets. */
  readonly octets: number;
  /** All stored messages together. */
  readonly messages: number;
  /** One message, in octets. */
  readonly messageOctets: number;
}

/** A demonstration holds a few folders of mail, not an archive; 25 MiB is what large providers let through. */
export const STORE_LIMITS: StoreLimits = {
  octets: 64 * 1024 * 1024,
  messages: 10_000,
  messageOctets: 25 * 1024 * 1024,
};

export class Quota {
  readonly limits: StoreLimits;
  #octets = 0;
  #messages = 0;

  constructor(limits: StoreLimits = STORE_LIMITS) {
    this.limits = limits;
  }

  /** Octets taken now, by stored messages and by those being received. */
  get octets(): number {
    return this.#octets;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Takes room for messages of so many octets together; false, and nothing taken, where there is none. */
  take(octets: number, messages: number): boolean {
    if (this.#octets + octets > this.limits.octets) return false;
    if (this.#messages + messages > this.limits.messages) return false;
    this.#octets += octets;
    this.#messages += messages;
    return true;
  }

  give(octets: number, messages: number): void {
    this.#octets -= octets;
    this.#messages -= messages;
  }
}
