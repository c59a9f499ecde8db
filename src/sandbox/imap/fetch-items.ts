/** What a FETCH asks for: fetch-att and the macros (RFC 3501 sections 6.4.5 and 9). */
import { BadSyntax, type Scanner } from "./grammar.ts";
import { parseSection, type Section, sectionName, WHOLE } from "./section.ts";

export interface Partial {
  readonly offset: number;
  readonly count: number;
}

export type FetchItem =
  | { readonly kind: "FLAGS" | "UID" | "INTERNALDATE" | "RFC822.SIZE" | "ENVELOPE" | "BODY" | "BODYSTRUCTURE" }
  | {
      readonly kind: "section";
      /** The item's name in the response: `BODY[TEXT]<0>`, `RFC822.HEADER`. */
      readonly label: string;
      readonly section: Section;
      readonly partial?: Partial;
      /** Reading it sets \Seen. */
      readonly seen: boolean;
    };

/** Each item can cost a reading of the whole message. */
const MAX_ITEMS = 50;

const FAST: readonly FetchItem[] = [{ kind: "FLAGS" }, { kind: "INTERNALDATE" }, { kind: "RFC822.SIZE" }];
const ALL: readonly FetchItem[] = [...FAST, { kind: "ENVELOPE" }];
const MACROS: ReadonlyMap<string, readonly FetchItem[]> = new Map([
  ["FAST", FAST],
  ["ALL", ALL],
  ["FULL", [...ALL, { kind: "BODY" }]],
]);

const TEXT: Section = { ...WHOLE, what: "TEXT" };
const HEADER: Section = { ...WHOLE, what: "HEADER" };

/** The names that take no section. */
const PLAIN: ReadonlyMap<string, FetchItem> = new Map<string, FetchItem>([
  ...(["FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE"] as const).map(
    (kind): [string, FetchItem] => [kind, { kind }],
  ),
  ["RFC822", { kind: "section", label: "RFC822", section: WHOLE, seen: true }],
  ["RFC822.TEXT", { kind: "section", label: "RFC822.TEXT", section: TEXT, seen: true }],
  ["RFC822.HEADER", { kind: "section", label: "RFC822.HEADER", section: HEADER, seen: false }],
]);

/** One item, a macro, or a list of items. */
export function parseFetchItems(args: Scanner): readonly FetchItem[] {
  if (args.next("(")) {
    const items = args.list(() => parseItem(args, args.fetchName().toUpperCase()));
    if (items.length === 0 || items.length > MAX_ITEMS) throw new BadSyntax(`FETCH takes 1 to ${MAX_ITEMS} items`);
    return items;
  }
  const name = args.fetchName().toUpperCase();
  return MACROS.get(name) ?? [parseItem(args, name)];
}

function parseItem(args: Scanner, name: string): FetchItem {
  if ((name === "BODY" || name === "BODY.PEEK") && args.take("[")) {
    const section = parseSection(args);
    const partial = parsePartial(args);
    const origin = partial === undefined ? "" : `<${partial.offset}>`;
    const item = {
      kind: "section",
      label: `BODY${sectionName(section)}${origin}`,
      section,
      seen: name === "BODY",
    } as const;
    return partial === undefined ? item : { ...item, partial };
  }
  const item = PLAIN.get(name);
  if (item === undefined) throw new BadSyntax("There is no such item to fetch");
  return item;
}

/** `<offset.count>` */
function parsePartial(args: Scanner): Partial | undefined {
  if (!args.take("<")) return undefined;
  const offset = args.number();
  args.expect(".");
  const count = args.number();
  args.expect(">");
  if (count === 0) throw new BadSyntax("A partial fetch takes at least one octet");
  return { offset, count };
}
