/** The dashboard of a node: a page that shows the cluster as its leader sees it, live, and changes nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import { printableJson } from "../core/printable.js";
import type { Shown } from "../web/state.js";
import { formatAddress, isWildcard } from "./address.js";
import { DashboardClients, eventText } from "./dashboard-clients.js";
import { type DashboardOptions, type ResolvedDashboardOptions, resolveDashboardOptions } from "./dashboard-options.js";
import { loadPage, type PageFile } from "./dashboard-page.js";
import { commonHeaders, comparableOrigin, dataHeaders, isOwnHost, pageHeaders } from "./dashboard-requests.js";
import { DashboardSource, type ShownElector, type ShowOptions } from "./dashboard-source.js";
import { ElectorError } from "./errors.js";
import { type Logger, silentLogger } from "./logger.js";

export type { DashboardOptions } from "./dashboard-options.js";
export type { ShownElector, ShowOptions } from "./dashboard-source.js";

export interface Dashboard extends AsyncDisposable {
  /** `http://HOST:PORT/`, for the option `ui` of the node. */
  readonly url: string;
  /** Shows a node from now on; once. @param how as the node was told, for questions to its leader */
  show(elector: ShownElector, how?: ShowOptions): void;
  /** Ends all connections. The node goes on. */
  close(): Promise<void>;
}

/** Time for a request's headers; connections between requests are kept so long. */
const PATIENCE_MS = 5_000;
/** Connections besides those that watch: a browser makes up to six for the page's files. */
const SPARE_CONNECTIONS = 32;

class HttpDashboard implements Dashboard {
  readonly url: string;
  readonly #server: Server;
  readonly #options: ResolvedDashboardOptions;
  readonly #page: ReadonlyMap<string, PageFile>;
  readonly #logger: Logger;
  readonly #clients: DashboardClients;
  #source: DashboardSource | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    server: Server,
    url: string,
    options: ResolvedDashboardOptions,
    page: ReadonlyMap<string, PageFile>,
    logger: Logger,
  ) {
    this.#server = server;
    this.url = url;
    this.#options = options;
    this.#page = page;
    this.#logger = logger;
    this.#clients = new DashboardClients(options, (count) => this.#source?.watch(count > 0));
    server.on("request", (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        logger.error({ error }, "dashboard");
        response.destroy();
      });
    });
  }

  show(elector: ShownElector, how: ShowOptions = {}): void {
    if (this.#closing !== undefined) throw new ElectorError("STOPPED", "this dashboard was closed");
    if (this.#source !== undefined) throw new ElectorError("STARTED", "this dashboard shows a node already");
    const { url } = this;
    this.#source = new DashboardSource({
      ...this.#options,
      elector,
      how,
      url,
      onNews: (news) => this.#clients.send(eventsOf(news)),
    });
    this.#source.watch(this.#clients.size > 0);
    this.#clients.send(eventsOf(this.#source.shown));
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#source?.close();
      this.#clients.close();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (
      !isOwnHost(request.headers.host, [
        new URL(this.url).hostname,
        this.#options.listen.host,
        hostname().toLowerCase(),
      ])
    ) {
      return refuse(response, 421, "the Host header names another server");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refuse(response, 405, "nothing can be changed here", { allow: "GET, HEAD" });
    }
    if (path === "/state" || path === "/events") return await this.#answerData(path, request, response);
    const file = this.#page.get(path);
    if (file === undefined) return refuse(response, 404, "there is no such page");
    const headers = path === "/" ? pageHeaders(this.url, this.#source?.origins ?? []) : commonHeaders;
    response.writeHead(200, {
      "cache-control": "no-cache",
      ...headers,
      "content-type": file.type,
      "content-length": file.body.length,
    });
    response.end(request.method === "HEAD" ? undefined : file.body);
  }

  async #answerData(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    const headers: Record<string, string> = { ...dataHeaders, vary: "Origin" };
    if (origin !== undefined) {
      if (!(await this.#isPageOfCluster(origin))) return refuse(response, 403, "not a page of this cluster", headers);
      headers["access-control-allow-origin"] = origin;
    }
    const source = this.#source;
    if (path === "/state" || request.method === "HEAD") {
      if (source === undefined) return refuse(response, 503, "no node is shown yet", headers);
      await source.refresh();
      response.writeHead(200, { ...headers, "content-type": "application/json; charset=utf-8" });
      response.end(request.method === "HEAD" ? undefined : `${printableJson(source.shown)}\n`);
      return;
    }
    if (this.#clients.isFull) {
      this.#logger.warn({ clients: this.#clients.size }, "a page is turned away");
      return refuse(response, 503, `${this.#clients.size} pages watch already`, { ...headers, "retry-after": "10" });
    }
    this.#clients.add(response, headers, source === undefined ? "" : eventsOf(source.shown));
  }

  /** A page that came from another node moves here when that dies: it may, if the leader knows that node's dashboard (E68). */
  async #isPageOfCluster(given: string): Promise<boolean> {
    const origin = comparableOrigin(given);
    if (origin === undefined) return false;
    const isKnown = (): boolean => (this.#source?.origins ?? new Set([comparableOrigin(this.url)])).has(origin);
    if (isKnown()) return true;
    await this.#source?.learn();
    return isKnown();
  }
}

function eventsOf({ state, table, history }: Partial<Shown>): string {
  // The state first: the times of the others are by its clock.
  const events = [
    ["state", state],
    ["table", table],
    ["history", history],
  ] as const;
  return events.map(([name, data]) => (data === undefined ? "" : eventText(name, data))).join("");
}

function refuse(response: ServerResponse, status: number, why: string, headers: Record<string, string> = {}): void {
  const type = { "content-type": "text/plain; charset=utf-8" };
  response.writeHead(status, { ...dataHeaders, ...headers, ...type });
  response.end(`${why}\n`);
}

/**
 * Listens, so that a node can be told its address as `ui`, and shows that node once `show()` is called.
 * @throws TypeError or RangeError for a wrong option, naming it and what is accepted; ElectorError `LISTEN` where the
 * address or port is not to be had
 */
export async function openDashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  const resolved = resolveDashboardOptions(options);
  const logger = options.logger ?? silentLogger;
  const { listen, maxClients } = resolved;
  const page = await loadPage();
  if (page.size === 1) logger.warn({}, "the page of the dashboard was not bundled");
  const server = createServer({
    requestTimeout: PATIENCE_MS,
    headersTimeout: PATIENCE_MS,
    keepAliveTimeout: PATIENCE_MS,
  });
  server.maxConnections = maxClients + SPARE_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(
        new ElectorError("LISTEN", `the dashboard cannot listen on ${formatAddress(listen)}: ${cause.message}`, {
          cause,
        }),
      );
    server.once("error", fail);
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.off("error", fail);
      resolve();
    });
  });
  server.on("error", (error) => logger.error({ error }, "dashboard"));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : listen.port;
  const host = isWildcard(listen.host) ? hostname() : listen.host;
  const url = resolved.url ?? `http://${formatAddress({ host, port })}/`;
  return new HttpDashboard(server, url, resolved, page, logger);
}
