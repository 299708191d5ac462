/** The model of etcd behind a real socket, and servers that are no etcd at all. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { EtcdModel } from "./etcd-model.js";

export class ServedModel implements AsyncDisposable {
  readonly endpoint: string;
  /** Every path that was asked for. */
  readonly paths: Set<string>;
  readonly #server: Server;

  private constructor(server: Server, endpoint: string, paths: Set<string>) {
    this.#server = server;
    this.endpoint = endpoint;
    this.paths = paths;
  }

  static async start(tls?: ServerOptions): Promise<ServedModel> {
    const model = new EtcdModel();
    const paths = new Set<string>();
    return await ServedModel.answering(
      (path, body, response) => {
        paths.add(path);
        const now = performance.now();
        if (path === "/v3/watch") {
          response.once(
            "close",
            model.watch(now, body, (line) => response.write(`${line}\n`)),
          );
          return;
        }
        const reply = model.post(now, path, body);
        response.writeHead(reply.status).end(reply.body);
      },
      paths,
      tls,
    );
  }

  /** Answers as it is told to. */
  static async answering(
    answer: (path: string, body: string, response: ServerResponse) => void,
    paths: Set<string> = new Set(),
    tls?: ServerOptions,
  ): Promise<ServedModel> {
    const listener: RequestListener = (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => answer(request.url ?? "", body, response));
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return new ServedModel(server, `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, paths);
  }

  /** Resolves when no client is connected any more. */
  async isLeft(): Promise<void> {
    while ((await this.#connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
