/** A host that vanishes: its packets are lost, and its peers' systems are told nothing for many minutes. */
import { expect } from "vitest";
import { itWith } from "../../../../test/components.js";
import { compiledProgram } from "./compiled.js";
import { Namespaces } from "./namespaces.js";
import { NodeCluster } from "./node-cluster.js";

itWith("netns", "E11, E54: the leader's cable is pulled: another leads; plugged in again, it follows", async () => {
  const ids = ["a", "b", "c"];
  await using hosts = await Namespaces.make(ids);
  // Not by loopback addresses, so the nodes insist on a secret.
  await using cluster = await NodeCluster.start({
    size: 3,
    mode: "quorum",
    secret: "00112233445566778899aabbccddeeff",
    // A port of namespaces of our own: nobody else can have taken it.
    addressOf: (id) => `${hosts.addressOf(id)}:7001`,
    launch: (config, onLine) =>
      hosts.start(config.id, process.execPath, [compiledProgram("asking-node.ts"), JSON.stringify(config)], onLine),
  });
  const first = await cluster.settled();
  const others = ids.filter((id) => id !== first.id);
  await hosts.plug(first.id, "down");
  const second = await cluster.settled(others);
  await cluster.steppedDown(first.id);
  expect(cluster.leading).toEqual([second.id]);
  await hosts.plug(first.id, "up");
  expect((await cluster.settled()).id).toBe(second.id);
});
