/** What a server writes to its logger. */
import type { ServerEvent } from "../core/server-contract.js";
import type { Logger } from "./logger.js";

/** Commands are cut to so many characters. */
const SHOWN = 200;

export function logEvent(logger: Logger, event: ServerEvent): void {
  const { type, ...fields } = event;
  switch (event.type) {
    case "started":
      logger.info({ ...fields, command: event.command.slice(0, SHOWN) }, "an action starts");
      return;
    case "ended":
      logger.info(fields, "an action has ended");
      return;
    default:
      logger.debug(fields, type);
  }
}
