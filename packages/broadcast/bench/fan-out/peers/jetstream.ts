/** NATS JetStream in files: a stream, an ordered consumer for each subscriber, 256 publishes in flight. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Peer } from "../peer.js";
import { serveNats } from "./real-servers.js";

const WINDOW = 256;

export const jetStreamFile: Peer = {
  async serve() {
    const address = await serveNats();
    const connection = await connect({ servers: address });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: "main", subjects: ["main"] }); // in files: the default
    await connection.close();
    return address;
  },

  async subscribe(address, tally) {
    const connection = await connect({ servers: address });
    const consumer = await jetstream(connection).consumers.get("main");
    await consumer.consume({ max_messages: 1_000, callback: ({ data }) => tally.message(data) });
    await connection.flush();
  },

  async publisher(address) {
    const connection = await connect({ servers: address });
    const stream = jetstream(connection);
    return async (payloads) => {
      for (let at = 0; at < payloads.length; at += WINDOW) {
        await Promise.all(payloads.slice(at, at + WINDOW).map((one) => stream.publish("main", one)));
      }
    };
  },
};
