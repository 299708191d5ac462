// The same from CommonJS.
const { createElector, memoryStorage, StaleTokenError } = require("@lab/election");
const { FencedResource } = require("@lab/election/core");
const { openDashboard } = require("@lab/election/dashboard");

async function main() {
  const dashboard = await openDashboard();
  const elector = createElector({ id: "a", preset: "fast", storage: memoryStorage(), ui: dashboard.url });
  const led = new Promise((resolve) => elector.once("elected", resolve));
  await elector.start();
  dashboard.show(elector);
  const token = await led;
  const page = await (await fetch(dashboard.url)).text();
  await elector.stop();
  await dashboard.close();
  if (token.epoch !== 1 || token.id !== "a" || !page.includes("dashboard.js")) throw new Error(`${token.id}: ${page}`);
  const fenced = new FencedResource({ epoch: 2, id: "b" });
  try {
    fenced.accept(token);
  } catch (error) {
    if (error instanceof StaleTokenError) return;
    throw error;
  }
  throw new Error("the fence is open");
}

main();
