/** What can be seen of a server machine, for metrics and for people. */

export interface RoomView {
  readonly room: string;
  /** False while its log is being opened; the fields behind this one are 0 then. */
  readonly open: boolean;
  readonly epoch: number;
  readonly head: number;
  readonly firstRetained: number;
  /** Bytes of the entries that are held in memory, as they stand in a BATCH. */
  readonly historyBytes: number;
  readonly connections: number;
  /** Connections that were sent all up to the head ... */
  readonly live: number;
  /** ... and those that were not. */
  readonly lagging: number;
  /** How many entries the one that is furthest behind misses. */
  readonly mostBehind: number;
  /** All up to it was acknowledged by everybody (B21). */
  readonly stable: number;
  /** Bytes that wait for their commit. */
  readonly pendingBytes: number;
  /** Who is joined at the head; of a gateway: who is connected to it. */
  readonly members: number;
  /** Of a gateway: of those who are connected to it. */
  readonly sessions: number;
}

export interface ServerView {
  readonly connections: number;
  /** Connections that are not read from. */
  readonly paused: number;
  readonly rooms: readonly RoomView[];
}
