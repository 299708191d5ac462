/** The client of spawn-loop.ts: a connection for each command, as the floor is defined, with a question before it if wanted. */
import { connect, type Socket } from "node:net";

export async function runAt(port: number, command: string, withQuote: boolean): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  if (withQuote) await ask(socket, "?\n");
  const code = await ask(socket, `${command}\n`);
  socket.destroy();
  if (code !== "0\n") throw new Error(`${command} ended with ${code}`);
}

function ask(socket: Socket, line: string): Promise<string> {
  socket.write(line);
  return new Promise((resolve, reject) => socket.once("data", (text) => resolve(String(text))).once("error", reject));
}
