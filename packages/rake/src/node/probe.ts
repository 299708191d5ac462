/** Asks a host what it is, over a connection of its own. */
import { performance } from "node:perf_hooks";
import type { BuildMachineOptions } from "../core/build-options.js";
import { HostProbe, type ProbedHost, type ProbeInput, type ProbeOutput } from "../core/host-probe.js";
import type { HostAddress } from "../core/plan.js";
import { HostSocket, type HostTls } from "./host-socket.js";
import { MachineLoop } from "./machine-loop.js";
import { nodePlatform } from "./platform.js";

export interface ProbeOptions extends Pick<BuildMachineOptions, "secret" | "connectMs" | "helloMs" | "answerMs"> {
  readonly tls?: HostTls;
}

/**
 * What the host says of itself, and its bid for a second of work; `why` where it cannot be asked.
 * @throws TypeError or RangeError for a wrong option
 */
export async function probeHost(address: HostAddress, { tls, ...options }: ProbeOptions = {}): Promise<ProbedHost> {
  const began = performance.now();
  const machine = new HostProbe(options, nodePlatform);
  const shifted = {
    handle: (now: number, input: ProbeInput): readonly ProbeOutput[] => machine.handle(now - began, input),
    nextDeadline: (): number | undefined => {
      const deadline = machine.nextDeadline();
      return deadline === undefined ? undefined : deadline + began;
    },
  };
  let gone: Promise<void> = Promise.resolve();
  const found = await new Promise<ProbedHost>((resolve) => {
    const loop = new MachineLoop<ProbeInput, ProbeOutput>(shifted, {
      perform: (output) => {
        if (output.type === "send") return socket.send(output.bytes);
        // No timer is left that would keep the process.
        loop.stop();
        socket.end();
        resolve(output.found);
      },
      settled: () => socket.flush(),
    });
    const socket = new HostSocket(address, tls, {
      connected: () => loop.tell({ type: "connected" }),
      data: (bytes) => loop.tell({ type: "data", bytes }),
      full: () => {},
      drained: () => {},
      closed: (why) => loop.tell({ type: "closed", why }),
    });
    gone = socket.gone;
    // Sets the timer.
    loop.tell({ type: "tick" });
  });
  await gone;
  return found;
}
