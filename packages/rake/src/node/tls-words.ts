/** What went wrong with TLS, without the numbers and source files that OpenSSL puts round it. */

const NOT_TLS = /^(?:wrong version number|http request|packet length too long)$/;

/** The message of an error that is not OpenSSL's. */
export function tlsWords(error: Error): string {
  const { reason } = error as { readonly reason?: unknown };
  if (typeof reason !== "string" || !/:error:|^error:/.test(error.message)) return error.message;
  return NOT_TLS.test(reason) ? `${reason}: what came is not TLS` : reason;
}
