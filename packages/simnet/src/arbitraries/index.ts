/** @lab/simnet/fast-check: worlds and what goes wrong in them, made up by fast-check (an optional peer dependency). */

export { assertSimulation, type SimulationProperty } from "./assert-simulation.js";
export { type FaultScheduleOptions, faultSchedule } from "./fault-schedule.js";
export { impairments, type WorstImpairments } from "./impairments.js";
export { seed } from "./seed.js";
