/** What a server writes to its logger. */
import type { ServerEvent } from "../core/server-contract.js";
import type { Logger } from "./logger.js";

/** One line for each event that is not of every message. */
export function logEvent(logger: Logger, event: ServerEvent): void {
  const { type, ...fields } = event;
  switch (type) {
    case "committed":
    case "stable":
      return;
    case "trouble":
      logger.error(fields, "a room is in trouble");
      return;
    case "gap":
      logger.warn(fields, "gap");
      return;
    case "joined":
    case "left":
    case "epoch":
      logger.info(fields, type);
      return;
    case "closed":
    case "lagging":
    case "live":
      logger.debug(fields, type);
      return;
  }
}
