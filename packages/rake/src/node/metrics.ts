/** Counters of a server, and the Prometheus endpoint that shows them (R48). */
import { createServer, type Server } from "node:http";
import { Counter, Gauge, Registry } from "prom-client";
import { RakeError } from "../core/errors.js";
import type { ServerEvent, ServerView } from "../core/server-contract.js";
import type { RakeServer } from "./server.js";

const GAUGES: readonly { readonly name: string; readonly help: string; readonly of: (view: ServerView) => number }[] = [
  { name: "connections", help: "Connections that are open.", of: (view) => view.connections },
  { name: "slots", help: "Slots there are.", of: (view) => view.slots },
  { name: "slots_reserved", help: "Slots that a bid holds (R19).", of: (view) => view.reserved },
  { name: "slots_running", help: "Slots that an attempt has.", of: (view) => view.running },
  { name: "uploads", help: "Inputs that are on their way.", of: (view) => view.uploads },
  { name: "store_files", help: "Files in the store (R46).", of: (view) => view.storeFiles },
  { name: "store_bytes", help: "Their bytes.", of: (view) => view.storeBytes },
  { name: "store_pinned", help: "Files that an attempt needs.", of: (view) => view.pinned },
];

export class ServerMetrics implements AsyncDisposable {
  readonly #registry = new Registry();
  readonly #server: RakeServer;
  readonly #listener: (event: ServerEvent) => void;
  #http: Server | undefined;
  #isHealthy = true;

  /** Starts to count what the server does from now on. */
  constructor(server: RakeServer) {
    this.#server = server;
    this.#gauges();
    this.#listener = this.#counters();
    server.on("event", this.#listener);
  }

  /** The counters in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  /** From now on `/healthz` answers 503: the server is about to close. */
  unhealthy(): void {
    this.#isHealthy = false;
  }

  /**
   * Serves `GET /metrics` and `GET /healthz` over HTTP, and resolves with the port. Host: default 127.0.0.1; port: 0 for a free one.
   * @throws RakeError `LISTEN` where the port is not to be had
   */
  async listen({ host = "127.0.0.1", port }: { readonly host?: string; readonly port: number }): Promise<number> {
    const http = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      const plain = { "content-type": "text/plain" };
      const path = request.method === "GET" ? request.url?.split("?")[0] : undefined;
      if (path === "/healthz") {
        response.writeHead(this.#isHealthy ? 200 : 503, plain).end(this.#isHealthy ? "ok\n" : "closing\n");
      } else if (path === "/metrics") {
        this.text().then(
          (text) => response.writeHead(200, { "content-type": this.#registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      } else {
        response.writeHead(404, plain).end("only GET /metrics and GET /healthz are served here\n");
      }
    });
    http.maxConnections = 64;
    await new Promise<void>((resolve, reject) => {
      http.once("error", (cause) => {
        reject(new RakeError("LISTEN", `cannot serve metrics on ${host}:${port}: ${cause.message}`, { cause }));
      });
      http.listen({ host, port }, () => resolve());
    });
    this.#http = http;
    const address = http.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Stops counting, and serving. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.off("event", this.#listener);
    const http = this.#http;
    this.#http = undefined;
    if (http === undefined) return;
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  }

  #gauges(): void {
    const server = this.#server;
    for (const { name, help, of } of GAUGES) {
      new Gauge({
        name: `rake_${name}`,
        help,
        registers: [this.#registry],
        collect() {
          this.set(of(server.view()));
        },
      });
    }
  }

  #counters(): (event: ServerEvent) => void {
    const counter = (name: string, help: string, ...labelNames: string[]): Counter =>
      new Counter({ name: `rake_${name}_total`, help, labelNames, registers: [this.#registry] });
    const welcomed = counter("welcomed", "Connections that came to a WELCOME.");
    const closed = counter("closed", "Connections that the server ended, by the code of the BYE (R12).", "code");
    const turnedAway = counter("turned_away", "Connections that were not taken, by the bound (R42).", "by");
    const bids = counter("bids", "Quotes that were answered by a bid (R19).");
    const refused = counter("refused", "Quotes that were refused, by reason (R12).", "reason");
    const expired = counter("expired", "EXECUTEs that came too late (R22).");
    const stored = counter("stored_bytes", "Bytes of inputs that came into the store.");
    const evicted = counter("evicted_bytes", "Bytes that the store gave up (R46).");
    const started = counter("started", "Attempts that were begun.");
    const ended = counter("ended", "Attempts, by end (R12).", "end");
    const cpu = counter("action_cpu_seconds", "Processor time of attempts that have ended.");
    return (event) => {
      if (event.type === "welcomed") welcomed.inc();
      else if (event.type === "closed") closed.inc({ code: event.code === "" ? "none" : event.code });
      else if (event.type === "turnedAway") turnedAway.inc({ by: event.by });
      else if (event.type === "bid") bids.inc();
      else if (event.type === "refused") refused.inc({ reason: event.reason });
      else if (event.type === "expired") expired.inc();
      else if (event.type === "stored") stored.inc(event.size);
      else if (event.type === "evicted") evicted.inc(event.size);
      else if (event.type === "started") started.inc();
      else if (event.type === "ended") {
        ended.inc({ end: event.end.end });
        cpu.inc(event.end.cpuMicros / 1e6);
      }
    };
  }
}
