/** Where the course's programs listen; both are options everywhere. */

/** The server's own port. */
export const DEFAULT_PORT = 50_001;

/** The port of the course's lossy proxy, which stands between a client and the server. */
export const DEFAULT_PROXY_PORT = 50_000;
