/** Run with --expose-gc: feeds a parser sixty thousand segments of one byte and prints how many bytes that holds. */
import { RequestParser } from "../../src/core/index.js";

function held(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const parser = new RequestParser(8 * 2 ** 20);
const before = held();
for (let sent = 0; sent < 60_000; sent++) parser.feed(new Uint8Array([0x78]));
const growth = held() - before;
if (parser.pendingBytes !== 60_000) throw new Error(`${parser.pendingBytes} bytes are pending`);
console.log(`held ${growth}`);
