/**
 * Names put into filters (RFC 4515) and DNs (RFC 4514): a filter is parsed once, and names only ever become values in it,
 * so that there is nothing to escape and nothing to forget.
 */
import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  FilterParser,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
  type Filter,
} from "ldapts";

export type Words = Readonly<Record<string, string>>;

/** Throws Error with a sentence for the administrator. `known` are the words that may stand in braces. */
export function filterTemplate(text: string, known: readonly string[]): (words: Words) => Filter {
  const parsed = parse(text);
  const missing = new Set<string>();
  fill(parsed, (value) => {
    for (const word of wordsIn(value)) if (!known.includes(word)) missing.add(word);
    return value;
  });
  if (missing.size > 0)
    throw new Error(`the filter ${text} has {${[...missing].join("}, {")}}, which means nothing there`);
  return (words) => fill(parsed, (value) => substitute(value, words));
}

function parse(text: string): Filter {
  try {
    return FilterParser.parseString(text);
  } catch (error) {
    throw new Error(`${text} is no LDAP filter: ${error instanceof Error ? error.message : "it cannot be read"}`);
  }
}

type Put = (value: string) => string;

function fill(filter: Filter, put: Put): Filter {
  if (filter instanceof AndFilter) return new AndFilter({ filters: filter.filters.map((each) => fill(each, put)) });
  if (filter instanceof OrFilter) return new OrFilter({ filters: filter.filters.map((each) => fill(each, put)) });
  if (filter instanceof NotFilter) return new NotFilter({ filter: fill(filter.filter, put) });
  if (filter instanceof PresenceFilter) return filter;
  if (filter instanceof EqualityFilter) {
    const value = typeof filter.value === "string" ? put(filter.value) : filter.value;
    return new EqualityFilter({ attribute: filter.attribute, value });
  }
  if (
    filter instanceof ApproximateFilter ||
    filter instanceof GreaterThanEqualsFilter ||
    filter instanceof LessThanEqualsFilter
  ) {
    const [attribute, value] = [filter.attribute, put(filter.value)];
    if (filter instanceof ApproximateFilter) return new ApproximateFilter({ attribute, value });
    if (filter instanceof GreaterThanEqualsFilter) return new GreaterThanEqualsFilter({ attribute, value });
    return new LessThanEqualsFilter({ attribute, value });
  }
  if (filter instanceof ExtensibleFilter) {
    const { rule, matchType, dnAttributes } = filter;
    return new ExtensibleFilter({ rule, matchType, dnAttributes, value: put(filter.value) });
  }
  if (filter instanceof SubstringFilter) {
    const parts = [filter.initial, ...filter.any, filter.final].join("");
    if (wordsIn(parts).length > 0) throw new Error("a name may not stand beside * in a filter");
    return filter;
  }
  throw new Error("the filter has a part that is not known");
}

function wordsIn(text: string): readonly string[] {
  return [...text.matchAll(PLACE)].map(([, word = ""]) => word);
}

const PLACE = /\{([A-Za-z]+)\}/g;

/** In one pass: what is put in is not looked at again. */
function substitute(template: string, words: Words): string {
  return template.replace(PLACE, (place, word: string) => (Object.hasOwn(words, word) ? (words[word] ?? "") : place));
}

export interface BindName {
  readonly user: string;
  readonly domain: string;
}

/**
 * The name to bind for a user; undefined where the user's name cannot stand there. Throws Error with a sentence for the
 * administrator for a template that could name a SASL mechanism or nobody.
 */
export function bindTemplate(template: string): (name: BindName) => string | undefined {
  if (!template.includes("{user}")) throw new Error(`${template} has no {user}`);
  const unknown = wordsIn(template).find((word) => word !== "user" && word !== "domain");
  if (unknown !== undefined) throw new Error(`${template} has {${unknown}}, which means nothing there`);
  const rest = template.replace(PLACE, "");
  if (!/[=@\\]/.test(rest)) throw new Error(`${template} is neither a DN nor {user}@{domain} nor DOMAIN\\{user}`);
  if (rest.includes("=")) {
    return ({ user, domain }) => substitute(template, { user: escapeDn(user), domain: escapeDn(domain) });
  }
  return ({ user, domain }) => (isPlain(user) && isPlain(domain) ? substitute(template, { user, domain }) : undefined);
}

/** What separates names from domains cannot be in them, and what AD would read as another form of name neither. */
function isPlain(name: string): boolean {
  return name !== "" && !/["/\\[\]:;|=,+*?<>@]/.test(name);
}

/** A value in a DN, RFC 4514 section 2.4. */
export function escapeDn(value: string): string {
  const characters = [...value];
  return characters
    .map((character, at) => {
      const isAtEdge =
        (character === " " && (at === 0 || at === characters.length - 1)) || (character === "#" && at === 0);
      if (character === "\0") return "\\00";
      return isAtEdge || '"+,;<>\\='.includes(character) ? `\\${character}` : character;
    })
    .join("");
}
