/** The broadcast client for Node: a room as an async iterable, or a handler, round a ClientMachine. */
import type { Delivered, Notice, Position } from "../core/client-contract.js";
import type { ClientMachineOptions } from "../core/client-options.js";
import type { Member } from "../core/messages.js";
import type { Logger } from "./logger.js";
import { NodeRoom } from "./room.js";

/** What to trust, and what to show, over TLS. */
export interface ClientTlsOptions {
  /** Certificates to trust instead of the system's, in PEM. */
  readonly ca?: string | Uint8Array;
  /** Own certificate and key in PEM, where the server asks for them. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must have. Default: the host of `address`. */
  readonly serverName?: string;
}

export interface JoinOptions extends Omit<ClientMachineOptions, "room" | "name" | "secret"> {
  /**
   * Of the server: "HOST:PORT" or "[IPv6]:PORT". A function is asked before each attempt, where the server may move; while it says
   * undefined, or nothing that is an address, or throws, attempts fail, and are made again as all are (B33).
   */
  readonly address: string | (() => string | undefined);
  /** Default "main". */
  readonly room?: string;
  /** A label that the others see; need not be unique (B8). May be left out by an observer alone. */
  readonly name?: string;
  /** What the server asks for (B6), 16 bytes or more. */
  readonly secret?: string | Uint8Array;
  /** Speak TLS; the server's certificate is verified, with its name. Default false. */
  readonly tls?: boolean | ClientTlsOptions;
  /**
   * Called with each message, in order, one at a time: the next comes when this one returned, or its promise resolved, and a
   * message is acknowledged after that alone (B20). One that throws or rejects ends the room: the message counts as not
   * handled. Without a handler, iterate over the room. One that does neither, and only publishes, is not held up by what it never
   * takes: before a loop begins, and with neither `loadPosition` nor `savePosition` nor a `start`, what waits above
   * `maxQueuedBytes` is dropped, and told by a "gap" notice (B35).
   */
  readonly handler?: (message: Delivered) => void | Promise<void>;
  /** Called with every notice, as `room.on` for all types; gaps, epochs, snapshots and memberships in their place between messages (B30). */
  readonly onNotice?: (notice: Notice) => void;
  /** Where the application stood last, asked once at the start (B37). */
  readonly loadPosition?: () => Position | undefined | Promise<Position | undefined>;
  /** Called after messages were handled and before they are acknowledged (B37); the next message waits for it. */
  readonly savePosition?: (position: Position) => void | Promise<void>;
  /** Which entries the application is given: its members' messages, or joins, leaves and markers too. Default "messages". */
  readonly entries?: "messages" | "all";
  /** Aborted: `join` rejects with its reason, and a room that was joined is closed. */
  readonly signal?: AbortSignal;
  /** Default: silent. */
  readonly logger?: Logger;
  /** How long one attempt to connect, TLS included, may take. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** Bytes that may wait to be sent before publishes wait. Default 256 KiB. */
  readonly highWaterBytes?: number;
}

/** A notice of one type. */
export type NoticeOf<Type extends Notice["type"]> = Extract<Notice, { readonly type: Type }>;

/**
 * A room that was joined. Iterating gives its messages in order, each once; one counts as handled, and is acknowledged, when
 * the loop asks for the next (or `leave()` is called). One loop at a time; a later loop goes on where the last one stopped.
 * The iteration ends when the room is left, and throws where it ended by an error.
 */
export interface Room extends AsyncDisposable, AsyncIterable<Delivered> {
  readonly name: string;
  readonly room: string;
  /** The own number in the room; 0 of an observer. */
  readonly member: number;
  /**
   * Resolves with the number of the message once the server has committed it; waits where too many are unsent (B35).
   * @throws PublishError `TOO_BIG`, `UNKNOWN_OUTCOME` (B34), `NUMBER_LOST` (B32); LocalProtocolError `LEFT`, `OBSERVER`, or `ENDED`
   * where the room has ended by an error, its cause, which is also that of `ended`: the handler threw, or the server closed it;
   * TypeError where it is neither bytes nor text
   */
  publish(message: Uint8Array | string): Promise<number>;
  /** The same for many, at one promise: resolves with their numbers, rejects with the first error once all are decided. */
  publishAll(messages: Iterable<Uint8Array | string>): Promise<number[]>;
  /** Who is joined, as of the last entry that was handed to the application. */
  members(): readonly Member[];
  on<Type extends Notice["type"]>(type: Type, listener: (notice: NoticeOf<Type>) => void): this;
  off<Type extends Notice["type"]>(type: Type, listener: (notice: NoticeOf<Type>) => void): this;
  /** Behind the last message that was handled; undefined of an observer before the first. */
  position(): Position | undefined;
  /**
   * Resolves when the room was left or closed; rejects with what ended it otherwise: a ClosedError with the code of the server, a
   * BroadcastError `APPLICATION` whose cause is what `handler` or `savePosition` threw, the reason of `signal`.
   */
  readonly ended: Promise<void>;
  /** Waits until all that was published is acknowledged, `waitMs` (default 5,000) at most, and leaves: the others are told at once. */
  leave(options?: { readonly waitMs?: number }): Promise<void>;
  /** Ends the connection without leaving: the session stays for who comes back with the position. */
  close(): Promise<void>;
}

/**
 * Joins a room; resolves after the first WELCOME.
 *
 * ```ts
 * await using room = await join({ address: "127.0.0.1:8081", name: "ada" });
 * await room.publish("hello");
 * for await (const { number, name, bytes } of room) console.log(number, name, new TextDecoder().decode(bytes));
 * ```
 *
 * @throws TypeError or RangeError for a wrong option; ClosedError with the server's code (B33), or `UNREACHABLE` after
 * `maxAttempts`; the signal's reason
 */
export async function join(options: JoinOptions): Promise<Room> {
  options.signal?.throwIfAborted();
  const room = new NodeRoom(options);
  await room.start();
  return room;
}
