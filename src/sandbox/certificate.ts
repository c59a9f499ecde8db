/** A self-signed P-256 certificate (RFC 5280 section 4.1), made on the spot: nothing to install, nothing kept. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

const DAY = 86_400_000;
const OID = {
  commonName: [0x55, 0x04, 0x03],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
};

/** Valid from yesterday for a year. `names` are host names, or people's mail addresses; `addresses` are IPv4. */
export function selfSigned(
  names: readonly [string, ...string[]],
  addresses: readonly string[],
  now = Date.now(),
): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const body = tbsCertificate(names, addresses, publicKey, now);
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, sequence(oid(OID.ecdsaWithSha256)), bitString(signature));
  const base64 = der.toString("base64").replace(/.{1,64}/g, "$&\n");
  const cert = `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

function tbsCertificate(
  names: readonly [string, ...string[]],
  addresses: readonly string[],
  key: KeyObject,
  now: number,
): Buffer {
  const name = sequence(tlv(0x31, sequence(oid(OID.commonName), tlv(0x0c, Buffer.from(names[0])))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    sequence(oid(OID.ecdsaWithSha256)),
    name,
    sequence(time(now - DAY), time(now + 365 * DAY)),
    name,
    key.export({ type: "spki", format: "der" }),
    tlv(
      0xa3,
      sequence(
        altNames(names, addresses),
        sequence(oid(OID.basicConstraints), tlv(0x04, sequence(tlv(0x01, Buffer.from([0xff]))))),
      ),
    ),
  );
}

function altNames(names: readonly string[], addresses: readonly string[]): Buffer {
  const dns = names.map((each) => tlv(each.includes("@") ? 0x81 : 0x82, Buffer.from(each)));
  const ip = addresses.map((each) => tlv(0x87, Buffer.from(each.split(".").map(Number))));
  return sequence(oid(OID.subjectAltName), tlv(0x04, sequence(...dns, ...ip)));
}

/** UTCTime, good until 2049. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function oid(bytes: readonly number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}

function bitString(bytes: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, value: Buffer): Buffer {
  const length = value.length;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), value]);
}
