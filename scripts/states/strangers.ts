/** Peers that do not know the secret, or say what is not their turn: no client of ours does, so no simulation has them. */
import { encode as encodeForRoom } from "../../packages/broadcast/src/core/codec.js";
import { ServerMachine as RoomServer } from "../../packages/broadcast/src/core/server-machine.js";
import { seededPlatform as roomPlatform } from "../../packages/broadcast/test/sim/seeded-platform.js";
import { encode as encodeForHost } from "../../packages/rake/src/core/codec.js";
import { ServerMachine as HostServer } from "../../packages/rake/src/core/server-machine.js";
import { seededPlatform as hostPlatform } from "../../packages/rake/test/sim/seeded-platform.js";
import { Random } from "../../packages/simnet/src/core/random.js";

const LATER_MS = 60_000;

type Input =
  | { readonly type: "opened" | "closed"; readonly connection: number }
  | { readonly type: "data"; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly type: "tick" | "shutdown" };

interface Server {
  handle(now: number, input: Input): unknown;
}

/** What a stranger may say. */
interface Words {
  readonly hello: Uint8Array;
  readonly others: readonly Uint8Array[];
}

const frame = (length: number, payload: number): Uint8Array =>
  Uint8Array.from([0, 0, 0, 0, ...[24, 16, 8, 0].map((bits) => (length >>> bits) & 255), payload]);
const senseless = [frame(1, 255), frame(0x7fffffff, 0)];

export function strangersOfRoom(seed: number): void {
  const random = new Random(`stranger of a room ${seed}`);
  const secret = random.chance(0.7) ? { secret: random.bytes(16) } : {};
  const server = new RoomServer(
    0,
    secret,
    roomPlatform((length) => random.bytes(length)),
  );
  const session = {
    observer: random.chance(0.5),
    stable: false,
    clientId: random.bytes(16),
    token: new Uint8Array(16),
  };
  const position = { room: "main", name: "a stranger", epoch: 0, last: 0, start: "all", from: 0, window: 16 } as const;
  const hello = encodeForRoom({ type: "hello", ...session, ...position });
  const auth = encodeForRoom({ type: "auth", mac: random.bytes(32) });
  const close = encodeForRoom({ type: "close", code: "LEAVE", text: "" });
  talk(random, server, { hello, others: [hello, auth, close, ...senseless] });
}

export function strangersOfHost(seed: number): void {
  const random = new Random(`stranger of a host ${seed}`);
  const secret = random.chance(0.7) ? { secret: random.bytes(16) } : {};
  const server = new HostServer(
    secret,
    hostPlatform((length) => random.bytes(length)),
  );
  const version = random.chance(0.2) ? 1 : 2;
  const hello = encodeForHost({ type: "HELLO", version, features: 0, nonce: random.bytes(32) });
  const auth = encodeForHost({ type: "AUTH", mac: random.bytes(32) });
  const bye = encodeForHost({ type: "BYE", code: "END", text: "" });
  talk(random, server, { hello, others: [hello, auth, bye, ...senseless] });
}

function talk(random: Random, server: Server, { hello, others }: Words): void {
  const connection = 1;
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  server.handle(0, { type: "opened", connection });
  for (let turn = 0; turn < 4; turn++) {
    const bytes = turn === 0 && random.chance(0.8) ? hello : pick(others);
    const said: Input = { type: "data", connection, bytes };
    const now = turn * LATER_MS;
    if (random.chance(0.8)) server.handle(now, said);
    else server.handle(now, pick<Input>([{ type: "tick" }, { type: "shutdown" }, { type: "closed", connection }]));
  }
}
