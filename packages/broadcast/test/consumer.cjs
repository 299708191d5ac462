// The same from CommonJS.
const { join, PublishError, serve } = require("@lab/broadcast");
const { BroadcastError, ServerMachine } = require("@lab/broadcast/core");
const { levelLog } = require("@lab/broadcast/level");

async function main() {
  const server = await serve({ maxMessageBytes: 10 });
  const room = await join({ address: server.address, name: "ana" });
  const refused = await room.publish("longer than ten").catch((error) => error);
  const number = await room.publish("hello");
  await room.leave();
  await server.close();
  if (!(refused instanceof PublishError) || refused.code !== "TOO_BIG") throw refused;
  if (!(refused instanceof BroadcastError)) throw new Error("the core has another error");
  if (number !== 2) throw new Error(`the message has number ${number}`);
  if (levelLog({ folder: "unused" }).kind !== "durable" || typeof ServerMachine !== "function")
    throw new Error("no log");
}

main();
