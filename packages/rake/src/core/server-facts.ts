/** What a server says of itself, and what it allows an attempt (docs/rake.md R12, R42). */

import type { HostFacts } from "./messages.js";
import type { JobLimits } from "./server-contract.js";
import type { ServerSettings } from "./server-options.js";

export function hostFacts(settings: ServerSettings): HostFacts {
  const { name, cores, speed, slots, sandbox, toolchain, resources } = settings;
  const { maxFrameBytes, maxInputs, maxBlobBytes, maxOutputBytes, maxActionMs, heartbeatMs } = settings;
  return {
    ...{ name, cores, speed, slots, sandbox, toolchain, resources },
    ...{ maxFrameBytes, maxInputs, maxBlobBytes, maxOutputBytes, maxActionMs, heartbeatMs },
  };
}

export function jobLimits(settings: ServerSettings): JobLimits {
  return {
    cpuSeconds: settings.maxCpuSeconds,
    memoryBytes: settings.maxMemoryBytes,
    processes: settings.maxProcesses,
    fileBytes: settings.maxFileBytes,
    openFiles: settings.maxOpenFiles,
    folderBytes: settings.maxFolderBytes,
    outputs: settings.maxOutputs,
    outputBytes: settings.maxOutputBytes,
  };
}
