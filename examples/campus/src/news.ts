/** What is said in the room: JSON, flat, and what is not of these forms is no news. */

const FIELDS = {
  /** Since that epoch. */
  leads: { id: "string", epoch: "number" },
  /** Where a node's servers are, by port: builds, files, and a box for files. For the registry. */
  serves: { id: "string", host: "string", rake: "number", files: "number", box: "number" },
  /** Somebody wants a node to do something. */
  asks: { at: "string", words: "string" },
  builds: { id: "string", workers: "string" },
  /** With the hosts that were lost on the way, and the attempts that were made again. */
  built: { id: "string", hostsLost: "number", retries: "number" },
  /** A file that a node has built, and serves. */
  offers: { id: "string", name: "string", sha256: "string", bytes: "number" },
  fetched: { id: "string", name: "string", sha256: "string" },
  pushed: { id: "string", name: "string", sha256: "string", repeated: "number" },
  failed: { id: "string", words: "string", why: "string" },
} as const;

type Fields = typeof FIELDS;
type Type<Name> = Name extends "number" ? number : string;
export type NewsKind = keyof Fields;
export type NewsOf<Kind extends NewsKind> = { readonly news: Kind } & {
  readonly [Field in keyof Fields[Kind]]: Type<Fields[Kind][Field]>;
};
export type News = { readonly [Kind in NewsKind]: NewsOf<Kind> }[NewsKind];

/** Undefined for what is no news, whoever said it. */
export function readNews(bytes: Uint8Array): News | undefined {
  try {
    const { news, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const types = Object.entries(rest).map(([name, value]) => `${name} ${typeof value}`);
    const fields = Object.entries(Object.hasOwn(FIELDS, `${news}`) ? FIELDS[news as NewsKind] : { none: "" });
    const isNews =
      types.sort().join() ===
      fields
        .map((pair) => pair.join(" "))
        .sort()
        .join();
    return isNews ? ({ news, ...rest } as News) : undefined;
  } catch {
    return undefined; // no JSON, or null
  }
}

/** For people. */
export function words({ news, ...rest }: News): string {
  const said = new Map<string, string | number>(Object.entries(rest));
  const [[, who] = [], ...others] = Object.keys(FIELDS[news]).map((name) => [name, said.get(name)]); // in this order, whatever came
  return `${who} ${news} ${others.map((pair) => pair.join(" ")).join(", ")}`;
}
