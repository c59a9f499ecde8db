/**
 * Those who come and go all day, in no order: the last one takes the place of one that goes.
 *
 * A Set would do the same, but each time that it is packed it leaves a table behind that points to the next one. When one
 * of these tables has grown old, the garbage collector takes all later ones for alive, and with them whoever stood in them
 * and is long gone: every session then costs a copy into the old space, until that is full.
 */
export interface Member {
  /** Where it stands; undefined: nowhere. Of the crowd alone. */
  place?: number | undefined;
}

export class Crowd<M extends Member> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** A member is in one crowd at a time. */
  add(member: M): void {
    member.place = this.#members.push(member) - 1;
  }

  has(member: M): boolean {
    return member.place !== undefined;
  }

  /** Nothing happens where it is not among them. */
  delete(member: M): void {
    const { place } = member;
    if (place === undefined) return;
    member.place = undefined;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#members[place] = last;
    last.place = place;
  }

  /** Those of this moment, who may go while the list is gone through. */
  filter(isMeant: (member: M) => boolean = () => true): readonly M[] {
    return this.#members.filter(isMeant);
  }
}
