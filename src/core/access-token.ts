/** Who somebody is for rules that name SIDs: the ImpersonationAccessToken of MS-APDS 3.1.1, as section 3.1.5 fills it. */

export interface AccessToken {
  /** "S-1-5-21-…": the user, its primary group, its groups, extra SIDs; none twice. */
  readonly sids: readonly string[];
  /** Index of the user's own SID; undefined where the source tells only groups. */
  readonly userIndex: number | undefined;
  readonly primaryGroup: number | undefined;
}

/** What a token is put together from: SIDs as text. */
export interface TokenParts {
  readonly user?: string | undefined;
  readonly primaryGroup?: string | undefined;
  readonly groups?: readonly (string | undefined)[] | undefined;
  readonly extra?: readonly string[] | undefined;
}

/** In the order of MS-APDS 3.1.5: user, primary group, groups, extra SIDs; none twice. */
export function makeToken({ user, primaryGroup, groups = [], extra = [] }: TokenParts): AccessToken {
  const all = [user, primaryGroup, ...groups, ...extra].filter((sid) => sid !== undefined);
  const sids = [...new Set(all)];
  const indexOf = (sid: string | undefined) => (sid === undefined ? undefined : sids.indexOf(sid));
  return { sids, userIndex: indexOf(user), primaryGroup: indexOf(primaryGroup) };
}

/** What a SID looks like as text, MS-DTYP 2.4.2.1. */
export function isSid(text: string): boolean {
  return /^S-1-(?:\d{1,10}|0x[0-9a-f]{12})(?:-\d{1,10}){0,15}$/i.test(text);
}
