/** NATS core: publish and subscribe, nothing kept; the publisher waits for a PONG of the server now and then. */
import { connect } from "@nats-io/transport-node";
import type { Peer } from "../peer.js";
import { serveNats } from "./real-servers.js";

const WINDOW = 2_048;

export const natsCore: Peer = {
  serve: () => serveNats(),

  async subscribe(address, tally) {
    const connection = await connect({ servers: address });
    connection.subscribe("main", {
      callback: (error, { data }) => {
        if (error !== null) throw error;
        tally.message(data);
      },
    });
    await connection.flush();
  },

  async publisher(address) {
    const connection = await connect({ servers: address });
    return async (payloads) => {
      for (let at = 0; at < payloads.length; at += WINDOW) {
        for (const one of payloads.slice(at, at + WINDOW)) connection.publish("main", one);
        await connection.flush();
      }
    };
  },
};
