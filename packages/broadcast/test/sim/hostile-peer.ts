/** A peer that is no client: it connects once, and sends what makes no sense, or no end of it (B4 to B6, E). */
import type { CreateProgram, NodeOutput } from "@lab/simnet";
import { encode } from "../../src/core/index.js";
import { PORT } from "./server-surroundings.js";

export function hostilePeer(server: string, atMs: number, how: number): CreateProgram {
  return ({ randomBytes }) => {
    const connect = (): NodeOutput[] => [{ type: "connect", connection: 0, to: { node: server, port: PORT } }];
    return {
      handle: (_now, input) => {
        if (input.type === "start") return [{ type: "later", afterMs: atMs, token: 0 }];
        if (input.type === "later") return connect();
        if (input.type === "connected") return [{ type: "write", connection: 0, bytes: said(how, randomBytes) }];
        return input.type === "end" ? [{ type: "end", connection: 0 }] : [];
      },
      nextDeadline: () => undefined,
    };
  };
}

function said(how: number, randomBytes: (length: number) => Uint8Array): Uint8Array {
  const hello = encode({
    type: "hello",
    observer: false,
    stable: false,
    clientId: randomBytes(16),
    token: how === 3 ? randomBytes(16) : new Uint8Array(16),
    room: how === 4 ? "nowhere" : "main",
    name: "hostile",
    epoch: 0,
    last: 0,
    start: "all",
    from: 0,
    window: 1,
  });
  switch (how) {
    case 0:
      return randomBytes(40);
    case 1:
      return hello.subarray(0, hello.length - 3); // and nothing more
    case 2:
      return Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 1); // a frame of 4 GiB
    case 5: {
      // A member that publishes out of turn.
      const publish = encode({ type: "publish", firstClientSeq: 9, payloads: [Uint8Array.of(1)] });
      return Uint8Array.from([...hello, ...publish]);
    }
    default:
      return hello; // and then it is silent, and reads
  }
}
