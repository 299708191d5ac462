/** Takes locks, each at its time, prints which it got, and holds them until it is killed. Arguments: how many, folder, first time. */
import { join } from "node:path";
import { FileLock } from "../../src/node/file-lock.js";

const [, , rounds, folder = "", first] = process.argv;
const EVERY_MS = 15;
for (let round = 0; round < Number(rounds); round++) {
  const at = Number(first) + round * EVERY_MS;
  while (Date.now() < at); // busily, since timers would tell the processes apart
  const answer = await new FileLock(join(folder, `${round}`, "lock")).take().then(
    () => "got it",
    (error: { readonly code?: string }) => error.code ?? String(error),
  );
  console.log(`${round} ${answer}`);
}
console.log("done");
setInterval(() => {}, 1_000_000);
