/**
 * The control: a server that writes each message to every socket, whatever waits for it already, as plain programs do. It must
 * use more memory than is allowed.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { encodeFrame, FrameDecoder } from "@lab/framing";
import { publishOnTime, type Schedule } from "./schedule.js";

export async function control(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    const decoder = new FrameDecoder();
    socket.on("data", (chunk) => {
      for (const message of decoder.push(chunk)) {
        for (const other of sockets) if (other !== socket) other.write(message.slice());
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Publisher, a reader, and one that stops. The server's memory alone is of interest. */
export async function controlLoad(address: string, schedule: Schedule): Promise<void> {
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port: Number(address.split(":")[1]), noDelay: true }).resume();
    await once(socket, "connect");
    return socket;
  };
  const [publisher, , stopping] = [await open(), await open(), await open()];
  process.once("SIGUSR2", async () => {
    const published = publishOnTime(schedule, (one) => void publisher.write(encodeFrame(one)));
    await wait(schedule.beforeMs);
    stopping.pause();
    console.log("stopped");
    await wait(schedule.stoppedMs);
    console.log("reads again");
    stopping.resume();
    await published;
    console.log("published");
  });
  console.log("ready");
}
