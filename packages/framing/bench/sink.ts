/** The peer of the socket rows: reads everything, and ends when the writer has. */
import { type AddressInfo, createServer } from "node:net";

const server = createServer((socket) => void socket.resume().on("error", () => socket.destroy()));
server.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`));
