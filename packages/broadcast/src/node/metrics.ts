/** Counters of a server, and the Prometheus endpoint that shows them. */
import { createServer, type Server } from "node:http";
import { Counter, Gauge, Registry } from "prom-client";
import { BroadcastError } from "../core/errors.js";
import type { ServerEvent } from "../core/server-contract.js";
import type { RoomView } from "../core/server-view.js";
import type { BroadcastServer } from "./server.js";

/** What is added up over the rooms when somebody asks: rooms are named by clients, and so are no labels. */
const GAUGES: readonly { readonly name: string; readonly help: string; readonly of: (room: RoomView) => number }[] = [
  { name: "members", help: "Members that are joined.", of: (room) => room.members },
  { name: "live_connections", help: "Connections that were sent all up to the head.", of: (room) => room.live },
  { name: "lagging_connections", help: "Connections that miss something.", of: (room) => room.lagging },
  { name: "history_bytes", help: "Bytes of entries that are held in memory.", of: (room) => room.historyBytes },
  { name: "pending_bytes", help: "Bytes that wait for their commit.", of: (room) => room.pendingBytes },
];

export class ServerMetrics implements AsyncDisposable {
  readonly #registry = new Registry();
  readonly #server: BroadcastServer;
  readonly #listener: (event: ServerEvent) => void;
  #http: Server | undefined;

  /** Starts to count what the server does from now on. */
  constructor(server: BroadcastServer) {
    this.#server = server;
    this.#gauges();
    this.#listener = this.#counters();
    server.on("event", this.#listener);
  }

  /** The counters in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  /**
   * Serves `GET /metrics` over HTTP, and resolves with the port. Host: default 127.0.0.1; port: 0 for a free one.
   * @throws BroadcastError (`LISTEN`) where the port is not to be had
   */
  async listen({ host = "127.0.0.1", port }: { readonly host?: string; readonly port: number }): Promise<number> {
    const http = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
        response.writeHead(404, { "content-type": "text/plain" }).end("only GET /metrics is served here\n");
        return;
      }
      this.text().then(
        (text) => response.writeHead(200, { "content-type": this.#registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    http.maxConnections = 64;
    await new Promise<void>((resolve, reject) => {
      http.once("error", (cause) => {
        reject(new BroadcastError("LISTEN", `cannot serve metrics on ${host}:${port}: ${cause.message}`, { cause }));
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
    const registers = [this.#registry];
    const server = this.#server;
    new Gauge({
      name: "broadcast_connections",
      help: "Connections that are open.",
      registers,
      collect() {
        this.set(server.view().connections);
      },
    });
    new Gauge({
      name: "broadcast_rooms",
      help: "Rooms that are held.",
      registers,
      collect() {
        this.set(server.view().rooms.length);
      },
    });
    for (const { name, help, of } of GAUGES) {
      new Gauge({
        name: `broadcast_${name}`,
        help,
        registers,
        collect() {
          this.set(server.view().rooms.reduce((sum, room) => sum + of(room), 0));
        },
      });
    }
  }

  #counters(): (event: ServerEvent) => void {
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `broadcast_${name}_total`, help, registers: [this.#registry] });
    const entries = counter("entries", "Entries that were committed: messages, joins, leaves and markers.");
    const bytes = counter("entry_bytes", "Their bytes, as they stand in a BATCH.");
    const joins = counter("joins", "Joins.");
    const leaves = counter("leaves", "Leaves.");
    const lags = counter("lags", "Connections that began to lag.");
    const gaps = counter("gap_entries", "Entries that somebody was not given, and was told so by a GAP.");
    const epochs = counter("epochs", "Epochs that began.");
    const troubles = counter("troubles", "Stores, reads or shared logs that failed.");
    const closed = new Counter({
      name: "broadcast_closed_total",
      help: "Connections that the server closed, by the code of the CLOSE.",
      labelNames: ["code"],
      registers: [this.#registry],
    });
    return (event) => {
      if (event.type === "committed") {
        entries.inc(event.count);
        bytes.inc(event.bytes);
      } else if (event.type === "joined") joins.inc();
      else if (event.type === "left") leaves.inc();
      else if (event.type === "lagging") lags.inc();
      else if (event.type === "gap") gaps.inc(event.to - event.from + 1);
      else if (event.type === "epoch" && !event.goesOn) epochs.inc();
      else if (event.type === "trouble") troubles.inc();
      else if (event.type === "closed") closed.inc({ code: event.code });
    };
  }
}
