/** A client that is connected anew where the server has ended the connection: after too many refusals it does (H16). */
import { isFatal } from "../core/codes.js";
import { ConnectionError, RemoteProtocolError, ReplyError } from "../core/errors.js";
import { HftpClient, type OperationOptions } from "../node/client.js";
import type { ConnectionOptions } from "../node/connection.js";

export class ReconnectingClient implements AsyncDisposable {
  readonly #options: ConnectionOptions;
  #client: HftpClient | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The client, with a connection that a request can be sent on. */
  async connected({ signal }: OperationOptions = {}): Promise<HftpClient> {
    if (this.#client?.usable !== true) {
      this.#client?.close();
      this.#client = await HftpClient.connect({ ...this.#options, signal });
    }
    return this.#client;
  }

  /**
   * Asks; once more on a new connection where the server ended one that had been of use before: that may have nothing to
   * do with this question. An answer with bytes that nobody asked for behind it is none (H39).
   */
  async ask<Answer>(
    question: (client: HftpClient) => Promise<Answer>,
    options: OperationOptions = {},
  ): Promise<Answer> {
    const used = this.#client?.usable === true;
    const client = await this.connected(options);
    try {
      const answer = await question(client);
      if (client.failure instanceof RemoteProtocolError) throw client.failure;
      return answer;
    } catch (error) {
      if (!used || client.usable || !endsConnection(error)) throw error;
      return await this.ask(question, options);
    }
  }

  /** Quits, if there is a connection. @throws RemoteProtocolError where the server broke the protocol after its last reply */
  async quit(options: OperationOptions = {}): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client?.usable) await client.quit(options);
    else if (client?.failure instanceof RemoteProtocolError) throw client.failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
  }
}

function endsConnection(error: unknown): boolean {
  if (error instanceof ReplyError) return isFatal(error.status);
  return error instanceof ConnectionError && error.code === "CLOSED";
}
