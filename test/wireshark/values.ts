/** What a codec decoded, as the values that the dissectors' fields must have. */

/** A field's values in their order, by its name without that of the protocol. */
export type Values = Readonly<Record<string, readonly string[]>>;

type Plain = string | number | bigint | boolean | Uint8Array | undefined;
type Nested = Plain | { readonly [key: string]: Nested } | readonly Nested[];

/** Where a dissector calls something else than the codec, and the tables behind its words. */
export interface Naming {
  /** By the key, or by the type of the message and the key: `ACK.code`. `undefined` stands for none. */
  readonly names?: Readonly<Record<string, string | undefined>>;
  /** Words in the order of their numbers, from 0, by the field's name. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
}

/** `maxFrameBytes` is `max_frame_bytes`. Lists and what is in them are repeated fields; what is undefined is not there. */
export function valuesOf(type: string, decoded: object, { names = {}, words = {} }: Naming = {}): Values {
  const values: Record<string, string[]> = {};
  const visit = (key: string, value: Nested): void => {
    if (value === undefined) return;
    if (Array.isArray(value)) for (const item of value as readonly Nested[]) visit(key, item);
    else if (typeof value === "object" && !(value instanceof Uint8Array)) {
      for (const [inner, one] of Object.entries(value)) visit(inner, one);
    } else {
      const own = `${type}.${key}`;
      const name = Object.hasOwn(names, own) ? names[own] : Object.hasOwn(names, key) ? names[key] : snake(key);
      if (name === undefined) return;
      const list = words[name];
      const text = list === undefined ? textOf(value as Plain) : String(list.indexOf(value as string));
      values[name] = [...(values[name] ?? []), text];
    }
  };
  for (const [key, value] of Object.entries(decoded)) visit(key, value as Nested);
  return values;
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function textOf(value: Plain): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "boolean" ? String(Number(value)) : String(value);
}

/** A field as PDML shows it, so that numbers are decimal and bytes are without colons. */
export function shownValue(show: string): string {
  if (/^0x[0-9a-f]+$/.test(show)) return BigInt(show).toString();
  return /^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(show) ? show.replaceAll(":", "") : show;
}
