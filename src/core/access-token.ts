/** Who somebody is for rules that name SIDs: the ImpersonationAccessToken of MS-APDS 3.1.1, as section 3.1.5 fills it. */

export interface AccessToken {
  /** "S-1-5-21-…": the user, its primary group, its groups, extra SIDs; none twice. */
  readonly sids: readonly string[];
  /** Index of the user's own SID; undefined where the source tells only groups. */
  readonly userIndex: number | undefined;
  readonly primaryGroup: number | undefined;
}

/** What a SID looks like as text, MS-DTYP 2.4.2.1. */
export function isSid(text: string): boolean {
  return /^S-1-(?:\d{1,10}|0x[0-9a-f]{12})(?:-\d{1,10}){0,15}$/i.test(text);
}
