/**
 * Ports for members, which know each other's addresses before they start: asked of the system all at once, so that they
 * differ, and given back. Another process could take one before its member listens; then that member says so and ends.
 */
import { createServer, type Server } from "node:net";

export async function reservePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  try {
    const ports: number[] = [];
    for (let index = 0; index < count; index++) {
      const server = createServer();
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", resolve);
      });
      const address = server.address();
      if (typeof address !== "object" || address === null) throw new Error("the system gave no port");
      ports.push(address.port);
    }
    return ports;
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
