/** Certificates, keys and authorities: read, and checked to be readable, in date and of one pair. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Secret } from "../core/secret.ts";
import type { CertificateConfig } from "./config.ts";
import { errorCode } from "./interpolate.ts";
import type { Complain, Path } from "./problem.ts";
import { isPem } from "./scalars.ts";
import type { ParsedConfig } from "./schema.ts";

export interface Surroundings {
  /** What relative paths start from. */
  readonly folder: string;
  readonly now: Date;
  readonly complain: Complain;
}

const DAY = 86_400_000;
/** Let's Encrypt renews 30 days ahead: with 21 left, renewing has failed for a week. */
const WARNING_DAYS = 21;
/** A chain with its key is under 20 KiB, a bundle of all public authorities about 250 KiB. */
const PEM_LIMIT = 1024 * 1024;

interface PemText {
  readonly text: string;
  readonly path: string | undefined;
}

export function readCertificate(
  entry: ParsedConfig["tls"][number],
  path: Path,
  surroundings: Surroundings,
): CertificateConfig | undefined {
  const cert = readPem(entry.cert, [...path, "cert"], surroundings);
  const key = readPem(entry.key, [...path, "key"], surroundings);
  const certificate = cert && parseCertificate(cert, [...path, "cert"], surroundings);
  const isKeyRight = key !== undefined && checkKey(key, certificate, [...path, "key"], surroundings);
  if (certificate) checkCertificate(certificate, entry.names, path, surroundings);
  if (!cert || !key || !certificate || !isKeyRight) return undefined;
  return {
    names: entry.names.length > 0 ? entry.names : namesIn(certificate),
    cert: cert.text,
    key: new Secret(key.text),
    certPath: cert.path,
    keyPath: key.path,
  };
}

export function readAuthorities(value: string, path: Path, surroundings: Surroundings): string | undefined {
  const pem = readPem(value, path, surroundings);
  return pem && parseCertificate(pem, path, surroundings) ? pem.text : undefined;
}

function readPem(value: string, path: Path, { folder, complain }: Surroundings): PemText | undefined {
  if (value === "") return undefined; // a reference that was complained about already
  if (isPem(value)) return { text: value, path: undefined };
  const file = resolve(folder, value);
  try {
    const { size } = statSync(file);
    if (size <= PEM_LIMIT) return { text: readFileSync(file, "utf8"), path: file };
    complain({ path, message: `${file} is larger than ${PEM_LIMIT} bytes` });
  } catch (error) {
    const remedy = "create it, readable for Postern's user";
    complain({ path, message: `${file} cannot be read (${errorCode(error)})`, remedy });
  }
  return undefined;
}

function parseCertificate(pem: PemText, path: Path, { complain }: Surroundings): X509Certificate | undefined {
  try {
    return new X509Certificate(pem.text);
  } catch {
    const remedy = 'a PEM file starts with "-----BEGIN CERTIFICATE-----"';
    complain({ path, message: `${pem.path ?? "the text"} holds no certificate`, remedy });
    return undefined;
  }
}

function checkKey(key: PemText, certificate: X509Certificate | undefined, path: Path, around: Surroundings): boolean {
  const where = key.path ?? "the text";
  if (key.path !== undefined && (statSync(key.path).mode & 0o007) !== 0)
    around.complain({
      path,
      message: `others can read or write ${where}`,
      remedy: `chmod o= ${where}`,
      severity: "warning",
    });
  try {
    const privateKey = createPrivateKey(key.text);
    if (!certificate || certificate.checkPrivateKey(privateKey)) return true;
    const remedy = "give the key that the certificate was made for";
    around.complain({ path, message: "the key does not belong to the certificate", remedy });
  } catch {
    const remedy = "give a PEM file with one private key, without a passphrase";
    around.complain({ path, message: `${where} holds no usable private key`, remedy });
  }
  return false;
}

function checkCertificate(
  certificate: X509Certificate,
  names: readonly string[],
  at: Path,
  around: Surroundings,
): void {
  const path = [...at, "cert"];
  const days = Math.floor((Date.parse(certificate.validTo) - around.now.getTime()) / DAY);
  const remedy = "renew it";
  if (days < 0) around.complain({ path, message: `the certificate expired on ${certificate.validTo}`, remedy });
  else if (days < WARNING_DAYS)
    around.complain({ path, message: `the certificate expires in ${days} days`, remedy, severity: "warning" });
  if (Date.parse(certificate.validFrom) > around.now.getTime())
    around.complain({
      path,
      message: `the certificate is not valid before ${certificate.validFrom}`,
      remedy: "check the clock",
    });
  for (const [index, name] of names.entries()) {
    if (certificate.checkHost(name) !== undefined) continue;
    const message = `the certificate is not for ${name} but for ${namesIn(certificate).join(", ")}`;
    around.complain({ path: [...at, "names", index], message, remedy: "clients will warn", severity: "warning" });
  }
}

/** The DNS names of the subject alternative name (RFC 9525 looks at nothing else). */
function namesIn(certificate: X509Certificate): string[] {
  const entries = (certificate.subjectAltName ?? "").split(", ");
  return entries.flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4).toLowerCase()] : []));
}
