/** `HOST:PORT`, and lists of them. */

/** @throws Error that says what is accepted, and what of, where that is given */
export function hostAndPort(address: string, of = ""): { readonly host: string; readonly port: number } {
  const [, v6, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(address) ?? [];
  const [host, port] = [v6 ?? name, Number(digits)];
  if (host === undefined || port > 65_535) throw new Error(`${of}${JSON.stringify(address)} is no HOST:PORT`);
  return { host, port };
}

/** `a=HOST:PORT,b=HOST:PORT` by the names. @throws Error that names the option and says what is accepted */
export function addressList(option: string, text = ""): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((one) => one.split("="));
  const isList = pairs.every(([name, address, ...more]) => name && address && more.length === 0);
  if (!isList) throw new Error(`${option} is ${JSON.stringify(text)}, but must be a=HOST:PORT,b=HOST:PORT and so on`);
  for (const [, address = ""] of pairs) hostAndPort(address, `${option}: `);
  return Object.fromEntries(pairs);
}
