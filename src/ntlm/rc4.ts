/** RC4, which MS-NLMP 3.1.4 and 3.4 need for keys and sealing, and which OpenSSL 3 keeps in its legacy provider. */

/** A running key stream: NTLM session security continues one over many messages. */
export class Rc4 {
  readonly #s = new Uint8Array(256);
  #i = 0;
  #j = 0;

  /** The key is 1 to 256 bytes long. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < 256; i++) this.#s[i] = i;
    for (let i = 0, j = 0; i < 256; i++) {
      j = (j + this.#s[i]! + key[i % key.length]!) & 255;
      this.#swap(i, j);
    }
  }

  /** Encrypts or decrypts, which are the same, and moves the stream on by `data.length`. */
  apply(data: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(data.length);
    for (let n = 0; n < data.length; n++) {
      this.#i = (this.#i + 1) & 255;
      this.#j = (this.#j + this.#s[this.#i]!) & 255;
      this.#swap(this.#i, this.#j);
      out[n] = data[n]! ^ this.#s[(this.#s[this.#i]! + this.#s[this.#j]!) & 255]!;
    }
    return out;
  }

  /** Puts the stream back to where it is now. */
  save(): () => void {
    const [s, i, j] = [this.#s.slice(), this.#i, this.#j];
    return () => {
      this.#s.set(s);
      [this.#i, this.#j] = [i, j];
    };
  }

  #swap(i: number, j: number): void {
    const held = this.#s[i]!;
    this.#s[i] = this.#s[j]!;
    this.#s[j] = held;
  }
}

/** RC4K(K, D) of MS-NLMP section 6: a fresh stream over one piece of data. */
export function rc4k(key: Uint8Array, data: Uint8Array): Buffer {
  return new Rc4(key).apply(data);
}
