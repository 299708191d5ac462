/** IP addresses as text and as bytes. */

/**
 * The 4 or 16 bytes of an address. A zone (`fe80::1%eth0`) is left out; an IPv4 address in IPv6 clothes
 * (`::ffff:192.0.2.1`, as sockets of both families report it) is taken as IPv4.
 * @throws RangeError that names the text, where it is neither an IPv4 nor an IPv6 address
 */
export function parseAddress(text: string): Uint8Array {
  const bytes = parseIpv4(text) ?? parseIpv6(text.replace(/%.*$/s, ""));
  if (bytes === undefined) throw new RangeError(`address must be an IPv4 or IPv6 address, not ${JSON.stringify(text)}`);
  return isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** An IPv4 address as the IPv6 address that stands for it (RFC 4291 2.5.5.2); an IPv6 address as it is. */
export function asIpv6(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...address);
}

function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
  );
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.of(...head, ...new Array<number>(missing).fill(0), ...tail);
}

/** The bytes of groups of four hexadecimal digits; the last one may be an IPv4 address. */
function groups(text: string, isLast: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const dotted = isLast && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (dotted !== undefined) bytes.push(...dotted);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
