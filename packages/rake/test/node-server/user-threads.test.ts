import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { threadsOf } from "../../src/node/user-threads.js";

it("R42: threads of the user count, and are counted anew after two seconds", async () => {
  const uid = process.getuid?.() ?? 0;
  const before = threadsOf(uid, 1_000);
  expect(before).toBeGreaterThan(1); // Node has several
  const workers = Array.from({ length: 40 }, () => new Worker("setInterval(() => {}, 1000)", { eval: true }));
  try {
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("online", resolve))));
    expect(threadsOf(uid, 3_000)).toBe(before);
    expect(threadsOf(uid, 3_001)).toBeGreaterThan(before + 20); // others of this user come and go
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});
