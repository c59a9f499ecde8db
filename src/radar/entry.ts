/** What the radar keeps: sightings that are alike, counted. */
import { detach } from "./clean.ts";
import type { Alike, Sighting } from "./sighting.ts";

/** Times are milliseconds since 1970. */
export interface Entry extends Alike {
  /** The account. Of failed logons: whose name was given; empty where no such account is known. */
  readonly user: string;
  /** An address, a network, or "elsewhere". */
  readonly from: string;
  /** The rule that refused it; empty in entries of accepted logons. */
  readonly refusedBy: string;
  /** From here on as last seen. */
  target: string;
  workstation: string;
  version: string;
  negotiateFlags: number;
  authenticateFlags: number;
  readonly firstSeen: number;
  /** In entries of accepted logons the last success: failures make nothing newer. */
  lastSeen: number;
  successes: number;
  failures: number;
}

/** The same for sightings that are one entry. Cleaned text has no line feed, so that no two others share it. */
export function keyOf(alike: Alike, from: string, refusedBy: string): string {
  const { sentUser, sentDomain, protocol, listener, mechanism, tls, scheme, mic, channelBinding } = alike;
  const flags = (tls ? "t" : "") + (alike.hasTarget ? "n" : "");
  const names = `${sentUser}\n${sentDomain}\n${from}\n${listener}\n${alike.client}\n${alike.confidence}`;
  return `${names}\n${protocol}\n${mechanism}\n${flags}\n${scheme}\n${mic}\n${channelBinding}\n${alike.exception}\n${refusedBy}`;
}

export function keyOfEntry(entry: Entry): string {
  return keyOf(entry, entry.from, entry.refusedBy);
}

/** One literal, and not `...alike`: an object that V8 knows the shape of costs a tenth. */
export function newEntry(alike: Alike, user: string, from: string, refusedBy: string, now: number): Entry {
  return {
    user: detach(user),
    sentUser: detach(alike.sentUser),
    sentDomain: detach(alike.sentDomain),
    from: detach(from),
    protocol: alike.protocol,
    listener: alike.listener,
    mechanism: alike.mechanism,
    tls: alike.tls,
    scheme: detach(alike.scheme),
    mic: alike.mic,
    channelBinding: alike.channelBinding,
    hasTarget: alike.hasTarget,
    exception: alike.exception,
    client: alike.client,
    confidence: alike.confidence,
    refusedBy: detach(refusedBy),
    target: "",
    workstation: "",
    version: "",
    negotiateFlags: 0,
    authenticateFlags: 0,
    firstSeen: now,
    lastSeen: now,
    successes: 0,
    failures: 0,
  };
}

/** Takes over what the last sighting showed besides what its entry agrees in. */
export function refresh(entry: Entry, sighting: Sighting, now: number): void {
  entry.lastSeen = now;
  if (entry.target !== sighting.target) entry.target = detach(sighting.target);
  if (entry.workstation !== sighting.workstation) entry.workstation = detach(sighting.workstation);
  if (entry.version !== sighting.version) entry.version = detach(sighting.version);
  entry.negotiateFlags = sighting.negotiateFlags;
  entry.authenticateFlags = sighting.authenticateFlags;
}
