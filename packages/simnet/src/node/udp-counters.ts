/** What happened to the datagrams of one direction. */

/** Why a datagram did not come through. */
export type UdpLoss =
  /** The link lost it. */
  | "drop"
  /** The queue before the line was full. */
  | "queue"
  /** The link was cut. */
  | "cut"
  /** The proxy itself held as much as it may. */
  | "overflow"
  /** There were as many clients as there may be. */
  | "clients"
  /** The operating system did not take it; the server's port was closed, above all. */
  | "send";

export interface UdpCounters {
  /** Datagrams that came to the proxy. */
  readonly received: number;
  readonly receivedBytes: number;
  /** Datagrams that left it, second copies included. */
  readonly forwarded: number;
  readonly forwardedBytes: number;
  readonly duplicated: number;
  readonly corrupted: number;
  /** Held back, so that later ones might overtake them. */
  readonly reordered: number;
  readonly lost: Readonly<Record<UdpLoss, number>>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type UdpCounting = Mutable<Omit<UdpCounters, "lost">> & { readonly lost: Record<UdpLoss, number> };

export function noneCounted(): UdpCounting {
  const lost = { drop: 0, queue: 0, cut: 0, overflow: 0, clients: 0, send: 0 };
  const sums = { received: 0, receivedBytes: 0, forwarded: 0, forwardedBytes: 0 };
  return { ...sums, duplicated: 0, corrupted: 0, reordered: 0, lost };
}
