/** The guard of `pnpm release:check`: what it publishes to is this machine, or it publishes nothing. */

/** An address, not a name: what `localhost` means is for the machine's resolver to say. */
const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * The URL of a registry on loopback, as npm writes it: with its port and a final slash.
 *
 * @param where what names it, for the error
 * @throws {RangeError} for any other address, for a name, and for what is no URL
 */
export function loopbackRegistry(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url?.protocol === "http:" && plain && url.port !== "" && url.pathname === "/" && LOOPBACK.test(url.hostname)) {
    return url.href;
  }
  throw new RangeError(
    `${where} is ${JSON.stringify(text)}: refused, for nothing is published but to http://127.x.y.z:PORT/ or http://[::1]:PORT/`,
  );
}

/** What a package manager says of a registry that is not set. */
const UNSET: ReadonlySet<string> = new Set(["", "undefined", "null"]);

/**
 * Throws unless a package would go to this registry and nowhere else.
 *
 * @param registry the one that was started
 * @param said what npm says in the package's folder: of the registry, and of the registry of the package's scope
 * @param manifest the package's own
 */
export function mustGoTo(
  registry: string,
  said: { readonly registry: string; readonly scope: string },
  manifest: { readonly name: string; readonly publishConfig?: Readonly<Record<string, unknown>> },
): void {
  const own = Object.entries(manifest.publishConfig ?? {}).filter(([key]) => /(^|:)registry$/.test(key));
  const named = [
    ["the registry of npm", said.registry],
    ...(UNSET.has(said.scope) ? [] : [["the registry of the scope", said.scope]]),
    ...own.map(([key, value]) => [`${key} in publishConfig`, String(value)]),
  ];
  for (const [what, text = ""] of named) {
    const found = loopbackRegistry(text, `${manifest.name}: ${what}`);
    if (found !== loopbackRegistry(registry, "the registry that was started")) {
      throw new RangeError(`${manifest.name}: ${what} is ${found}, and not ${registry}, which was started for this`);
    }
  }
}
