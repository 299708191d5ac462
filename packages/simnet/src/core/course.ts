/** The numbers of the course's UDP proxy, which stands between its students' file client and file server. */

import type { Impairments } from "./impairments.js";

/**
 * 10,000 bytes a second and 50 ms each way, and room for three packets. It gives every packet that it holds a line of its
 * own, so that three of them cross at once and about 30,000 bytes a second get through: without `parallelLines` this is
 * the line that was meant.
 */
export const COURSE: Impairments = {
  bytesPerSecond: 10_000,
  latencyMs: 50,
  queuePackets: 3,
  parallelLines: true,
};

/** The port at which the course's proxy listens. */
export const COURSE_PROXY_PORT = 50_000;

/** The port of the course's server, to which its proxy forwards. */
export const COURSE_SERVER_PORT = 50_001;
