/** What a person can do about a host that is not there, by what the client says of it. */

/** How this end speaks. */
export interface HowAsked {
  readonly isTls: boolean;
  readonly isV1: boolean;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, "does `rake serve` run there?"],
  [/^it asks for a secret, and there is none$/, "--secret-file FILE names it"],
  [/^it asks for no secret/, "it was started without --secret-file"],
  [/secrets differ|secret is another one/, "--secret-file must hold the same at both ends"],
  [/self-signed certificate|unable to (?:verify|get)/, "--tls-ca FILE says whom to trust"],
  [/certificate required/, "--tls-cert and --tls-key show one"],
];

/** Undefined where the reason says enough. */
export function hostAdvice(why: string, { isTls, isV1 }: HowAsked): string | undefined {
  if (/the host ended the connection$/.test(why)) {
    if (isV1) return "was it started with --allow-v1?";
    return isTls ? "if it speaks no TLS: without --tls and --tls-ca" : "if it speaks TLS: --tls, or --tls-ca FILE";
  }
  return ADVICE.find(([pattern]) => pattern.test(why))?.[1];
}
