/** What a proxy did, as a table, when it ends. */
import type { Direction } from "../node/proxy-address.js";
import type { TcpProxy } from "../node/tcp-proxy.js";
import type { UdpLoss } from "../node/udp-counters.js";
import type { UdpProxy } from "../node/udp-proxy.js";

type Row = readonly [label: string, toServer: number, toClient: number];

const losses: Readonly<Record<UdpLoss, string>> = {
  drop: "dropped",
  queue: "the queue was full",
  cut: "the link was cut",
  overflow: "too much held",
  clients: "too many clients",
  send: "nobody took it",
};

export function udpSummary(proxy: UdpProxy): string {
  const [up, down] = [proxy.counters("to-server"), proxy.counters("to-client")];
  const reasons = (Object.keys(losses) as UdpLoss[]).map(
    (why): Row => [`  ${losses[why]}`, up.lost[why], down.lost[why]],
  );
  const lost = (direction: Direction): number =>
    Object.values(proxy.counters(direction).lost).reduce((sum, count) => sum + count, 0);
  const rows: Row[] = [
    ["packets in", up.received, down.received],
    ["packets out", up.forwarded, down.forwarded],
    ["bytes in", up.receivedBytes, down.receivedBytes],
    ["bytes out", up.forwardedBytes, down.forwardedBytes],
    ["lost", lost("to-server"), lost("to-client")],
    ...reasons.filter(([, first, second]) => first + second > 0),
    ["doubled", up.duplicated, down.duplicated],
    ["corrupted", up.corrupted, down.corrupted],
    ["held back", up.reordered, down.reordered],
  ];
  const refusals = proxy.refusals > 0 ? `, nobody listened at the server ${times(proxy.refusals)}` : "";
  return `${table(rows)}${proxy.clients} client${proxy.clients === 1 ? "" : "s"}, seed ${proxy.seed}${refusals}\n`;
}

export function tcpSummary(proxy: TcpProxy): string {
  const [up, down] = [proxy.counters("to-server"), proxy.counters("to-client")];
  const rows: Row[] = [
    ["bytes in", up.receivedBytes, down.receivedBytes],
    ["bytes out", up.forwardedBytes, down.forwardedBytes],
    ["segments late", up.dropped, down.dropped],
    ["corrupted", up.corrupted, down.corrupted],
    ["resets", up.resets, down.resets],
  ];
  const { accepted, refused, turnedAway } = proxy;
  const others = [refused > 0 && `${refused} refused`, turnedAway > 0 && `${turnedAway} turned away`];
  const said = others.filter((one) => one !== false).map((one) => `, ${one}`);
  return `${table(rows)}${accepted} connection${accepted === 1 ? "" : "s"}${said.join("")}, seed ${proxy.seed}\n`;
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(([label, ...numbers]) => [label, ...numbers.map(String)]);
  const all = [["", "to server", "to client"], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("   ");
  return `${all.map((row) => `${line(row).trimEnd()}\n`).join("")}\n`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
