/** What the machine is, and how busy it is: mostly what `systeminformation` says of it. */
import { statfs } from "node:fs/promises";
import { arch, cpus, hostname, type as osType, release, totalmem } from "node:os";
import type { Systeminformation } from "systeminformation";
import type { Device, Load } from "../core/load.js";

type Library = typeof import("systeminformation");

/** Reading what the network carries starts a process on some systems: not more often than this. */
const TRAFFIC_EVERY_MS = 15_000;

/** The system counts in steps of 10 ms: what was counted in less time than this, of all cores, says little. */
const LEAST_COUNTED_MS = 200;

let library: Promise<Library> | undefined;

/** Loaded when it is needed: whoever measures otherwise, or does not at all, spares it. */
function load(): Promise<Library> {
  library ??= import("systeminformation").then((loaded: Library & { default?: Library }) => loaded.default ?? loaded);
  return library;
}

/**
 * How busy this machine is: CPU since the last call, memory that is not available, the default network interface's speed less what
 * it carries (0 where the system does not tell the speed, as in most virtual machines), and what is free in the file
 * system of the working directory. One call takes one to two milliseconds of CPU time on Linux and starts no process there,
 * but at the first call, and for the network's traffic, every 15 s and only where the speed is known.
 */
export async function hostLoad(): Promise<Load> {
  const si = await load();
  const [memory, freeBandwidthBytes, freeDiskBytes] = await Promise.all([
    si.mem(),
    freeBandwidth(si).catch(() => 0),
    freeDisk().catch(() => 0),
  ]);
  return {
    cpuPercent: busyPercent(),
    usedRamBytes: orZero(memory.active), // not what the system caches
    totalRamBytes: orZero(memory.total),
    freeBandwidthBytes,
    freeDiskBytes,
    measuredAtMs: Date.now(),
  };
}

let counted = { busyMs: 0, idleMs: 0 };
let lastPercent = 0;

/**
 * Of all cores, since the last call; at first, since the machine started. `systeminformation` waits for a shell on Linux to
 * find it out, while which a leader answers nobody.
 */
function busyPercent(): number {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  const all = busyMs + idleMs - counted.busyMs - counted.idleMs;
  if (all < LEAST_COUNTED_MS) return lastPercent;
  lastPercent = Math.min(100, Math.max(0, (100 * (busyMs - counted.busyMs)) / all));
  counted = { busyMs, idleMs };
  return lastPercent;
}

let device: Promise<Device> | undefined;

/** What this machine is. Asked once and remembered: it starts a few processes. What cannot be found out is "unknown" or 0. */
export function deviceInfo(): Promise<Device> {
  device ??= describeDevice();
  return device;
}

async function describeDevice(): Promise<Device> {
  const si = await load();
  const [system, cpu, os] = await Promise.all([
    si.system().catch(() => undefined),
    si.cpu().catch(() => undefined),
    si.osInfo().catch(() => undefined),
  ]);
  const [first] = cpus();
  const maker = [system?.manufacturer, system?.model].filter((part) => part !== undefined && part !== "").join(" ");
  return {
    systemName: os?.hostname || hostname() || maker || "unknown",
    cpuModel: [cpu?.manufacturer, cpu?.brand].filter(Boolean).join(" ") || first?.model || "unknown",
    cpuMhz: Math.round(orZero(cpu?.speed) * 1_000) || orZero(first?.speed),
    physicalCores: orZero(cpu?.physicalCores) || cpus().length,
    totalMemoryBytes: totalmem(),
    os: os?.distro || osType(),
    version: [os?.release, os?.kernel ?? release(), os?.arch ?? arch()].filter(Boolean).join(", "),
  };
}

interface Link {
  readonly name: string;
  /** Bytes per second; 0 where it is not known. */
  readonly speed: number;
}

let link: Promise<Link> | undefined;
let traffic: { readonly at: number; readonly free: number } | undefined;

async function freeBandwidth(si: Library): Promise<number> {
  link ??= defaultLink(si);
  const { name, speed } = await link;
  if (speed === 0) return 0;
  const now = performance.now();
  if (traffic !== undefined && now - traffic.at < TRAFFIC_EVERY_MS) return traffic.free;
  const [stats] = await si.networkStats(name);
  const used = Math.max(orZero(stats?.rx_sec ?? 0), orZero(stats?.tx_sec ?? 0));
  traffic = { at: now, free: Math.max(0, speed - used) };
  return traffic.free;
}

async function defaultLink(si: Library): Promise<Link> {
  try {
    const found = await si.networkInterfaces("default");
    const one: Systeminformation.NetworkInterfacesData | undefined = Array.isArray(found) ? found[0] : found;
    const megabits = orZero(one?.speed ?? 0); // -1 where it is not known
    return { name: one?.iface ?? "", speed: (megabits * 1e6) / 8 };
  } catch {
    return { name: "", speed: 0 };
  }
}

async function freeDisk(): Promise<number> {
  const { bavail, bsize } = await statfs(process.cwd());
  return bavail * bsize;
}

function orZero(value: number | null | undefined): number {
  return value !== null && value !== undefined && Number.isFinite(value) ? Math.max(0, value) : 0;
}
