/** The command line of a node: what is accepted. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSecretFile } from "@lab/rake";
import { addressList, hostAndPort } from "./addresses.js";
import type { NodeOptions } from "./node.js";

export const USAGE = `usage: pnpm run node --id ID --members a=HOST:PORT,... --rooms a=HOST:PORT,... --log FOLDER|redis://HOST:PORT
  [--folder FOLDER, campus-ID] [--project FOLDER, project in it] [--slots N] [--host ADDRESS, 127.0.0.1] [--secret-file FILE]
  [--listen HOST:PORT] [--room-listen HOST:PORT] [--route HOST:PORT=HOST:PORT,...] [--preset default|fast] [--json]
README.md says what each is.`;

const text = { type: "string" } as const;
const OPTIONS = {
  ...{ id: text, members: text, rooms: text, log: text, folder: text, project: text, slots: text, host: text },
  ...{ "secret-file": text, listen: text, "room-listen": text, route: text, preset: text },
  json: { type: "boolean", default: false },
} as const;

type Given = Omit<NodeOptions, "listener" | "signal"> & { readonly json: boolean };

/** @throws Error that names what is wrong */
export function nodeOptions(args: readonly string[]): Given {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { id = "", log = "", preset = "default", slots = `${availableParallelism()}`, route, json } = values;
  if (!/^[\w-]{1,32}$/.test(id)) throw new Error("--id must be 1 to 32 letters, digits, - and _");
  if (log === "" || /^(?!rediss?:)\w+:\/\//.test(log)) throw new Error("--log must be a folder or redis://HOST:PORT");
  if (preset !== "default" && preset !== "fast") throw new Error(`--preset is ${preset}, but must be default or fast`);
  if (!/^[1-9]\d{0,3}$/.test(slots)) throw new Error(`--slots is ${slots}, but must be 1 to 9999`);
  const members = addressList("--members", values.members);
  const rooms = addressList("--rooms", values.rooms);
  const homeless = Object.keys(members).filter((one) => rooms[one] === undefined);
  if (homeless.length > 0) throw new Error(`--rooms must have ${homeless.join(", ")} too, as --members has`);
  const { folder = `campus-${id}`, host = "127.0.0.1", listen = members[id] ?? "127.0.0.1:0" } = values;
  const { "room-listen": roomListen = rooms[id] ?? "127.0.0.1:0", "secret-file": secretFile } = values;
  hostAndPort(roomListen, "--room-listen: ");
  return {
    ...{ id, log, preset, members, rooms, folder, host, listen, roomListen, json, slots: Number(slots) },
    project: values.project ?? join(folder, "project"),
    access: secretFile === undefined ? {} : { secret: readSecretFile(secretFile) },
    routes: route === undefined ? {} : addressList("--route", route),
  };
}
