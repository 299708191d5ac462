/** Counters of a server, and the Prometheus endpoint that shows them. */
import { createServer, type Server } from "node:http";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ConnectionError } from "../core/errors.js";
import { COMMANDS } from "../core/requests.js";
import type { HftpServer } from "./server.js";

const KNOWN: ReadonlySet<string> = new Set(COMMANDS);

export class ServerMetrics implements AsyncDisposable {
  readonly #registry = new Registry();
  #http: Server | undefined;

  /** Starts to count what the server does from now on. */
  constructor(server: HftpServer) {
    const registers = [this.#registry];
    const connections = new Counter({
      name: "hftp_connections_total",
      help: "Connections made, by what became of them: admitted, refused with 199, dropped.",
      labelNames: ["verdict"],
      registers,
    });
    const open = new Gauge({ name: "hftp_open_connections", help: "Admitted connections that are open.", registers });
    const requests = new Counter({
      name: "hftp_requests_total",
      help: "Requests answered, by command (`other` for what is none) and status code.",
      labelNames: ["command", "code"],
      registers,
    });
    const incomplete = new Counter({
      name: "hftp_incomplete_replies_total",
      help: "Replies that were cut off by closing the connection.",
      registers,
    });
    const fileBytes = new Counter({
      name: "hftp_file_bytes_total",
      help: "Bytes of files sent, before base64.",
      registers,
    });
    const seconds = new Histogram({
      name: "hftp_request_seconds",
      help: "From the end of a request to the end of its reply.",
      buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10, 100],
      registers,
    });
    server.on("connection", (verdict) => {
      connections.inc({ verdict });
      if (verdict === "admitted") open.inc();
    });
    server.on("disconnection", (verdict) => {
      if (verdict === "admitted") open.dec();
    });
    server.on("served", ({ request }) => {
      requests.inc({ command: KNOWN.has(request.command) ? request.command : "other", code: request.code });
      fileBytes.inc(request.fileBytes);
      seconds.observe(request.ms / 1000);
      if (!request.complete) incomplete.inc();
    });
  }

  /** The counters in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  /**
   * Serves `GET /metrics` over HTTP. Host: default 127.0.0.1; port: 0 for a free one.
   * @throws ConnectionError (`LISTEN`) where the port is not to be had
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
        reject(new ConnectionError("LISTEN", `cannot serve metrics on ${host}:${port}: ${cause.message}`, { cause }));
      });
      http.listen({ host, port }, () => resolve());
    });
    this.#http = http;
    const address = http.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const http = this.#http;
    this.#http = undefined;
    if (http === undefined) return;
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  }
}
