/** What is said in the room: JSON, flat, and what is not of these forms is no news. */

/** As long as a text may be: what is printed, and said again in other words. */
const MOST_TEXT = 1_000;

const text = (form: RegExp) => (value: unknown) => typeof value === "string" && form.test(value);
const whole = (least: number, most: number) => (value: unknown) =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/** Anybody may say anything: these go into paths, into addresses, and to terminals. */
const KINDS = {
  id: text(/^[\w-]{1,32}$/),
  host: text(/^[\w.:-]{1,253}$/),
  port: whole(1, 65_535),
  epoch: whole(1, Number.MAX_SAFE_INTEGER),
  count: whole(0, Number.MAX_SAFE_INTEGER),
  /** What HFTP can ask for. */
  file: text(/^(?!\.{1,2}$)[\w.-]{1,255}$/),
  sha256: text(/^[\da-f]{64}$/),
  words: text(new RegExp(`^[^]{0,${MOST_TEXT}}$`)),
} as const;

const FIELDS = {
  /** Since that epoch. */
  leads: { id: "id", epoch: "epoch" },
  /** Where a node's servers are, by port: builds, files, and a box for files. For the registry. */
  serves: { id: "id", host: "host", rake: "port", files: "port", box: "port" },
  /** Somebody wants a node to do something. */
  asks: { at: "id", words: "words" },
  builds: { id: "id", workers: "words" },
  /** With the hosts that were lost on the way, the attempts that were made again, and the number of what asked for it. */
  built: { id: "id", hostsLost: "count", retries: "count", asked: "count" },
  /** A file that a node has built, and serves. */
  offers: { id: "id", name: "file", sha256: "sha256", bytes: "count" },
  fetched: { id: "id", name: "file", sha256: "sha256" },
  pushed: { id: "id", name: "file", sha256: "sha256", repeated: "count" },
  failed: { id: "id", words: "words", why: "words", asked: "count" },
} as const;

type Fields = typeof FIELDS;
type Type<Kind> = Kind extends "port" | "epoch" | "count" ? number : string;
export type NewsKind = keyof Fields;
export type NewsOf<Kind extends NewsKind> = { readonly news: Kind } & {
  readonly [Field in keyof Fields[Kind]]: Type<Fields[Kind][Field]>;
};
export type News = { readonly [Kind in NewsKind]: NewsOf<Kind> }[NewsKind];

/** Undefined for what is no news, whoever said it. */
export function readNews(bytes: Uint8Array): News | undefined {
  try {
    const { news, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    if (typeof news !== "string" || !Object.hasOwn(FIELDS, news)) return undefined;
    const fields = Object.entries(FIELDS[news as NewsKind]) as [string, keyof typeof KINDS][];
    const isNews = fields.every(([name, kind]) => Object.hasOwn(rest, name) && KINDS[kind](rest[name]));
    return isNews && Object.keys(rest).length === fields.length ? ({ news, ...rest } as News) : undefined;
  } catch {
    return undefined; // no JSON, or null
  }
}

/** As it is sent; texts that are too long are cut. */
export function newsText(news: News): string {
  return JSON.stringify(news, (_, value: unknown) => (typeof value === "string" ? cut(value, MOST_TEXT) : value));
}

/** For people. @param by whose entry it is */
export function words(news: News, by = "somebody"): string {
  if (news.news === "asks") return `${by} asks ${news.at}: ${news.words}`;
  if (news.news === "failed") return `${news.id} failed: ${news.words}: ${news.why}`;
  const { news: what, ...rest } = news;
  const said = new Map<string, string | number>(Object.entries(rest));
  const [, ...others] = Object.keys(FIELDS[what]).map((name) => `${name} ${said.get(name)}`); // in this order, whatever came
  return `${news.id} ${what} ${others.join(", ")}`;
}

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}
