/** @lab/simnet: a deterministic network simulator, and real lossy proxies. */
export * from "./core/index.js";
export type { Direction, ProxyListenOptions, ProxyTarget } from "./node/proxy-address.js";
export type { CutKind, TcpConnection } from "./node/tcp-connection.js";
export { TcpMesh, type TcpMeshOptions } from "./node/tcp-mesh.js";
export { type CutAfter, TcpProxy, type TcpProxyOptions } from "./node/tcp-proxy.js";
export type { SeenStream, TcpCounters } from "./node/tcp-reports.js";
export type { UdpCounters, UdpLoss } from "./node/udp-counters.js";
export type { SeenDatagram } from "./node/udp-packet.js";
export { UdpProxy, type UdpProxyOptions } from "./node/udp-proxy.js";
