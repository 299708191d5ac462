/** A program that leads, stops, and has nothing more to do. */
import { createElector, memoryStorage } from "../../src/index.js";

const elector = createElector({ id: "a", storage: memoryStorage(), preset: "fast", reportMs: 30, stepMs: 20 });
elector.once("elected", async () => {
  console.log("elected");
  await elector.stop();
  console.log("stopped");
});
await elector.start();
