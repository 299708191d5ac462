/**
 * The floor of one action: a server that starts a shell for each line that comes and answers with its exit code. `?` is answered
 * by a price. Prints where it listens; the work folder is its own, nothing is sent, limited or cleaned away.
 */
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";

const server = createServer({ noDelay: true }, (socket) => {
  socket.setEncoding("utf8").on("error", () => {});
  socket.on("data", (text: string) => {
    if (text === "?\n") {
      socket.write("1\n");
      return;
    }
    const child = spawn("/bin/sh", ["-c", text.trimEnd()], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.resume();
    child.stderr.resume();
    child.once("close", (code) => socket.write(`${code}\n`));
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
});
