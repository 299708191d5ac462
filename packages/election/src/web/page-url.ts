/** Where a host says that its dashboard is. */

/** The address of a dashboard in one form, undefined where it is none: rows come from hosts, who may say anything. */
export function pageUrl(url: unknown): string | undefined {
  if (typeof url !== "string" || !URL.canParse(url)) return undefined;
  const { protocol, origin } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? `${origin}/` : undefined;
}
