/** The system's clock as the FILETIME (MS-DTYP 2.3.3) that NTLM messages carry. */

/** From 1601 to 1970. */
const EPOCH_MILLISECONDS = 11_644_473_600_000n;

/** Now, in 100-nanosecond steps since 1601. */
export function filetimeNow(): bigint {
  return (BigInt(Date.now()) + EPOCH_MILLISECONDS) * 10_000n;
}
