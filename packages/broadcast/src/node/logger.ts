/** What the library needs of a logger: the usual level methods, as pino, bunyan and console-like loggers have them. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

/** Writes nothing: the default of everything here. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
