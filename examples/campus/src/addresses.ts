/** `HOST:PORT`, and lists of them. What is wrong with an address is said by whoever uses it. */

export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** `a=HOST:PORT,b=HOST:PORT` by the names. @throws Error that names the option and says what is accepted */
export function addressList(option: string, text = ""): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((one) => one.split("="));
  const isList = pairs.every(([name, address, ...more]) => name && address && more.length === 0);
  if (isList) return Object.fromEntries(pairs);
  throw new Error(`${option} is ${JSON.stringify(text)}, but must be a=HOST:PORT,b=HOST:PORT and so on`);
}
