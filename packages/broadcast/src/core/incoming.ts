/** What a client says, one frame at a time: who may say what, and when (docs/broadcast.md B4, B6, B20, B24). */

import type { FrameTooLargeError } from "@lab/framing/core";
import { macOf } from "./auth.js";
import { decode, MAC_BYTES } from "./codec.js";
import type { Connection } from "./connection.js";
import { RemoteProtocolError } from "./errors.js";
import { TYPE } from "./message-types.js";
import type { Ack, Auth, Hello, Message } from "./messages.js";
import { MAX_OPENING_BYTES } from "./opening-decoder.js";
import { PublishWalker } from "./publish-frame.js";
import type { Room } from "./room.js";
import type { ServerContext } from "./server-context.js";

/** The room that a HELLO names, or why there is none. */
export type FindRoom = (name: string, now: number) => Room | "FULL" | "UNAUTHORIZED";

const beforeWelcome = (length: number | bigint): string =>
  `a frame of ${length} bytes before the WELCOME, more than ${MAX_OPENING_BYTES}`;

export class Incoming {
  readonly #context: ServerContext;
  readonly #findRoom: FindRoom;
  readonly #walker = new PublishWalker();
  #connection: Connection | undefined;
  #now = 0;

  constructor(context: ServerContext, findRoom: FindRoom) {
    this.#context = context;
    this.#findRoom = findRoom;
  }

  /** All frames that these bytes complete. Whatever they are, it does not throw. */
  take(connection: Connection, bytes: Uint8Array, now: number): void {
    connection.lastHeard = now;
    this.#connection = connection;
    this.#now = now;
    try {
      connection.decoder.visit(bytes, this.#onFrame);
    } catch (error) {
      this.#refuse(connection, error, now);
      return;
    }
    const { error } = connection.decoder;
    if (error !== undefined && connection.state !== "closed") {
      this.#context.hangUp(connection, "TOO_BIG", this.#tooBig(connection, error), now);
    }
  }

  /** By the name that the option has here. */
  #tooBig(connection: Connection, { announced, limit, message }: Partial<FrameTooLargeError>): string {
    if (announced === undefined || limit === undefined) return message ?? "";
    if (connection.state !== "open") return beforeWelcome(announced);
    return `a frame of ${announced} bytes, more than maxFrameBytes, ${limit}`;
  }

  readonly #onFrame = (bytes: Uint8Array, start: number, end: number): void => {
    const connection = this.#connection as Connection;
    // What stands behind the message that closed it is not looked at.
    if (connection.state === "closed") return;
    if (bytes[start] === TYPE.publish && end > start && connection.state === "open" && !connection.observer) {
      const walker = this.#walker.begin(bytes, start, end);
      (connection.room as Room).publish(connection, walker, this.#now);
      return;
    }
    if (connection.state !== "open" && end - start > MAX_OPENING_BYTES) {
      // As where it comes in pieces.
      this.#context.hangUp(connection, "TOO_BIG", beforeWelcome(end - start), this.#now);
      return;
    }
    const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#message(connection, decode(payload, "client"), payload, this.#now);
  };

  #message(connection: Connection, message: Message, payload: Uint8Array, now: number): void {
    switch (message.type) {
      case "ack":
        if (connection.state !== "open") this.#outOfTurn(connection, message, now);
        // One of what was not acknowledged before is paid for by what was sent.
        else if (message.last > connection.acked || this.#context.control(connection, now)) {
          (connection.room as Room).ack(connection, message.last, message.window, now);
        }
        return;
      case "ping":
        if (connection.room === undefined) this.#outOfTurn(connection, message, now);
        else if (!this.#context.control(connection, now)) return;
        else if (connection.full) connection.waitingPong = message.nonce;
        else this.#context.out.say(connection.id, { type: "pong", nonce: message.nonce });
        return;
      case "pong":
        if (connection.room === undefined) this.#outOfTurn(connection, message, now);
        else this.#context.control(connection, now);
        return;
      case "hello":
        if (connection.state === "hello") this.#hello(connection, message, payload, now);
        else this.#outOfTurn(connection, message, now);
        return;
      case "auth":
        if (connection.state === "auth") this.#auth(connection, message, now);
        else this.#outOfTurn(connection, message, now);
        return;
      case "close":
        connection.room?.leave(connection, now);
        this.#context.letGo(connection, "the client left", now);
        return;
      default:
        this.#outOfTurn(connection, message, now);
    }
  }

  #hello(connection: Connection, hello: Hello, payload: Uint8Array, now: number): void {
    connection.hello = hello;
    connection.observer = hello.observer;
    if (this.#context.settings.secret === undefined) {
      this.#enter(connection, hello, now);
      return;
    }
    connection.state = "auth";
    connection.helloPayload = payload.slice();
    connection.nonce = this.#context.platform.randomBytes(MAC_BYTES);
    this.#context.out.say(connection.id, { type: "challenge", nonce: connection.nonce });
  }

  #auth(connection: Connection, { mac }: Auth, now: number): void {
    const { platform, settings } = this.#context;
    const { nonce, helloPayload, hello } = connection;
    connection.nonce = undefined;
    connection.helloPayload = undefined;
    const right = macOf(platform, settings.secret as Uint8Array, nonce as Uint8Array, helloPayload as Uint8Array);
    if (platform.equal(right, mac)) this.#enter(connection, hello as Hello, now);
    else this.#context.hangUp(connection, "UNAUTHORIZED", "the secret is another", now);
  }

  #enter(connection: Connection, hello: Hello, now: number): void {
    const room = this.#findRoom(hello.room, now);
    if (room === "FULL") this.#context.hangUp(connection, "FULL", "there is no place for another room", now);
    else if (room === "UNAUTHORIZED") this.#context.hangUp(connection, "UNAUTHORIZED", "there is no such room", now);
    else room.enter(connection, now);
  }

  #outOfTurn(connection: Connection, { type }: Message | Ack, now: number): void {
    const what = type.toUpperCase();
    const text = connection.observer && type === "publish" ? "an observer may not publish" : `${what} is not its turn`;
    this.#context.hangUp(connection, "BAD_MESSAGE", text, now);
  }

  #refuse(connection: Connection, error: unknown, now: number): void {
    if (!(error instanceof RemoteProtocolError)) throw error;
    if (connection.state !== "closed") this.#context.hangUp(connection, "BAD_MESSAGE", error.message, now);
  }
}
