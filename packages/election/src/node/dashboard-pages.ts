/** The other dashboards of the cluster: which of them are believed in, and may read what this one shows. */
import type { HostRow } from "../core/contract.js";
import type { DashboardPage } from "../web/state.js";
import { isLoopback } from "./address.js";
import { originOf } from "./dashboard-options.js";
import { comparableOrigin } from "./dashboard-requests.js";

export interface PagesOptions {
  /** Of this dashboard. */
  readonly url: string;
  /** Whether what hosts say of themselves is said by those who know the secret. */
  readonly hasSecret: boolean;
  /** That may read whatever hosts say. */
  readonly origins: readonly string[];
  /** `HOST:PORT` of nodes, as this one was told them. */
  readonly addresses: readonly string[];
}

/** Dashboards that are remembered, so that their pages are let in; the page is told of the latest few. */
const MAX_PAGES = 1_024;
const MAX_PAGES_SENT = 32;

export class DashboardPages {
  readonly #options: PagesOptions;
  readonly #configured: ReadonlySet<string>;
  readonly #pages = new Map<string, string>();

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#configured = new Set([hostOf(options.url), ...options.addresses.map(hostOfAddress)]);
  }

  /** The origins whose pages may read (E68). */
  get origins(): Set<string> {
    const { url, origins } = this.#options;
    return new Set([url, ...origins, ...this.#pages.values()].flatMap((one) => comparableOrigin(one) ?? []));
  }

  /**
   * Takes over what hosts say. A row may name any address, and without a secret any program of this machine can make one: a page of
   * somebody else's must not read here, nor be listened to, because a row names it.
   */
  learn(rows: readonly HostRow[]): void {
    const hosts = this.#options.hasSecret ? new Set(rows.map(({ address }) => hostOfAddress(address))) : undefined;
    for (const { id, ui } of rows) {
      const origin = originOf(ui);
      if (origin === undefined) continue;
      const host = hostOf(origin);
      if (isLoopback(host) || this.#configured.has(host) || hosts?.has(host)) this.#remember(id, `${origin}/`);
    }
  }

  /** For the page of this node: its own, and the latest others. */
  list(ownId: string): DashboardPage[] {
    const others = [...this.#pages].filter(([id]) => id !== ownId).slice(-MAX_PAGES_SENT);
    return [[ownId, this.#options.url] as const, ...others].map(([id, url]) => ({ id, url }));
  }

  #remember(id: string, url: string): void {
    if (this.#pages.get(id) === url) return;
    this.#pages.delete(id);
    this.#pages.set(id, url);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
  }
}

/** As a browser writes it: in lower case, an IPv6 address without brackets. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
}

/** That of `HOST:PORT`, in the same form; empty, which is nobody's, where it is none. */
function hostOfAddress(address: string): string {
  const url = `http://${address}/`;
  return URL.canParse(url) && new URL(url).pathname === "/" && new URL(url).username === "" ? hostOf(url) : "";
}
