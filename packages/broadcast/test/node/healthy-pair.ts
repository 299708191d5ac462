/** Two members of a room of their own, who must not notice what others do (guarantee E of docs/broadcast.md). */
import { expect } from "vitest";
import { type BroadcastServer, join, type Room, type ServeOptions, serve } from "../../src/index.js";

export class HealthyPair implements AsyncDisposable {
  readonly server: BroadcastServer;
  readonly #speaker: Room;
  readonly #listener: Room;
  readonly #heard: string[];
  readonly #state: { awaited: number; wake: () => void };
  #rounds = 0;

  private constructor(
    server: BroadcastServer,
    speaker: Room,
    listener: Room,
    heard: string[],
    state: { awaited: number; wake: () => void },
  ) {
    this.server = server;
    this.#speaker = speaker;
    this.#listener = listener;
    this.#heard = heard;
    this.#state = state;
  }

  /** A server, and a pair in its room. */
  static async start(options: ServeOptions = {}, room = "healthy"): Promise<HealthyPair> {
    const server = await serve({ lingerMs: 100, ...options });
    const { address } = server;
    const heard: string[] = [];
    const state = { awaited: 0, wake: () => {} };
    const speaker = await join({ address, room, name: "speaker", handler: () => {} });
    const listener = await join({
      address,
      room,
      name: "listener",
      handler: ({ name, bytes }) => {
        if (name !== "speaker") return;
        if (heard.push(new TextDecoder().decode(bytes)) === state.awaited) state.wake();
      },
    });
    return new HealthyPair(server, speaker, listener, heard, state);
  }

  get address(): string {
    return this.server.address;
  }

  /** One speaks, and the other hears exactly that. @param bytes of each message, about */
  async talk(count = 20, bytes = 10): Promise<void> {
    const round = ++this.#rounds;
    const texts = Array.from({ length: count }, (_, index) => `${round}/${index}`.padEnd(bytes, "."));
    const before = this.#heard.length;
    const arrived = new Promise<void>((resolve) => {
      this.#state.awaited = before + count;
      this.#state.wake = resolve;
    });
    await Promise.all([this.#speaker.publishAll(texts), arrived]);
    expect(this.#heard.slice(before)).toEqual(texts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#speaker.close(), this.#listener.close()]);
    await this.server.close();
  }
}
