/**
 * Shapes of structured bytes: one description gives the type, the encoder and the strict decoder. Encoded as CBOR (RFC 8949)
 * with records as arrays in field order; maps, floats, tags, indefinite lengths, longer-than-needed integers and ill-formed text are
 * refused, so every value has exactly one encoding and no other bytes decode to it.
 * Absent on purpose: defaults, unions by guess, and anything that lets a stranger choose an allocation's size.
 */
import { decode, encode, rfc8949EncodeOptions, Tokenizer, Type, type DecodeOptions } from 'cborg'
import { idBytes, parseId, type Point } from '../base/id.ts'
import { fromUtf8, type Bytes } from '../base/bytes.ts'
import { fail, ok, type Result } from '../base/result.ts'

/** How a value of type T stands in CBOR. `fromWire` throws {@link Malformed}; only {@link decodeAs} calls it. */
export interface Schema<T> {
  toWire(value: T): unknown
  fromWire(raw: unknown, path: string): T
}

export type TypeOf<S> = S extends Schema<infer T> ? T : never

class Malformed extends Error {}

/** The one encoding of `value`. */
export function encodeAs<T>(schema: Schema<T>, value: T): Bytes {
  // cborg may give a Buffer, which stands in memory that others use too.
  return new Uint8Array(encode(schema.toWire(value), rfc8949EncodeOptions))
}

/**
 * The value, or what is wrong with the bytes. `bytesMax` is checked before anything is allocated. A byte can spell an item that
 * takes a hundred bytes of memory, so whoever decodes megabytes also says how many items an honest value has at most.
 */
export function decodeAs<T>(schema: Schema<T>, bytes: Uint8Array, bytesMax: number, itemsMax = bytesMax): Result<T> {
  if (bytes.length > bytesMax)
    return fail(`${String(bytes.length)} bytes where at most ${String(bytesMax)} are allowed`)
  try {
    const options = { ...STRICT, tokenizer: new StrictTokenizer(bytes, itemsMax) }
    return ok(schema.fromWire(decode(bytes, options), ''))
  } catch (error) {
    // Everything that cborg and the schemas throw here is about the bytes, a stack exhausted by nesting included.
    return fail(error instanceof Error ? error.message : String(error))
  }
}

/** The value of a part that was decoded as part of something larger, or what is wrong with it. */
export function readAs<T>(schema: Schema<T>, raw: unknown): Result<T> {
  try {
    return ok(schema.fromWire(raw, ''))
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const STRICT: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  retainStringBytes: true,
}

/** Integers have one encoding only while floats, which could spell them too, are refused. */
const UNUSED = [Type.map, Type.tag, Type.float]

class StrictTokenizer extends Tokenizer {
  private itemsLeft: number

  constructor(bytes: Uint8Array, itemsMax: number) {
    // A plain view, of which slices are copies: those of a Buffer would keep or share the memory it stands in.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), STRICT)
    this.itemsLeft = itemsMax
  }

  override next(): ReturnType<Tokenizer['next']> {
    if (this.itemsLeft-- <= 0) throw new Malformed('more items than any value of this kind has')
    const token = super.next()
    if (UNUSED.some((type) => Type.equals(token.type, type)))
      throw new Malformed(`a ${token.type.name} is not used here`)
    if (token.byteValue !== undefined) token.value = exactText(token.byteValue)
    return token
  }
}

/** cborg replaces what is no UTF-8 and drops byte order marks, so that different bytes would read as one text. */
function exactText(bytes: Uint8Array): string {
  const exact = fromUtf8(bytes)
  if (exact === undefined) throw new Malformed('text that is not UTF-8')
  return exact
}

/** Exactly `length` bytes. */
export function bytesOf(length: number): Schema<Bytes> {
  return bytesBetween(length, length)
}

/** At most `max` bytes. */
export function bytesUpTo(max: number): Schema<Bytes> {
  return bytesBetween(0, max)
}

function bytesBetween(min: number, max: number): Schema<Bytes> {
  return {
    toWire: (value) => value,
    fromWire: (raw, path) => {
      if (!(raw instanceof Uint8Array)) throw new Malformed(`${path}: expected bytes`)
      if (raw.length < min || raw.length > max) throw new Malformed(`${path}: ${String(raw.length)} bytes`)
      return raw as Bytes
    },
  }
}

/** A 256-bit id of the caller's brand. */
export function id<T extends Point>(): Schema<T> {
  return {
    toWire: (value) => idBytes(value),
    fromWire: (raw, path) => {
      const parsed = raw instanceof Uint8Array ? parseId<T>(raw) : undefined
      if (parsed === undefined) throw new Malformed(`${path}: expected a 32-byte id`)
      return parsed
    },
  }
}

/** A whole number in 0 .. max. */
export function uint(max: number): Schema<number> {
  return {
    toWire: (value) => value,
    fromWire: (raw, path) => {
      if (typeof raw !== 'number' || !Number.isInteger(raw) || raw < 0 || raw > max) {
        throw new Malformed(`${path}: expected an integer in 0..${String(max)}`)
      }
      return raw
    },
  }
}

/** A whole number that may be negative, exact in a double. */
export const integer: Schema<number> = {
  toWire: (value) => value,
  fromWire: (raw, path) => {
    if (typeof raw !== 'number' || !Number.isSafeInteger(raw)) throw new Malformed(`${path}: expected an integer`)
    return raw
  },
}

/** Text of at most `max` UTF-16 units. */
export function text(max: number): Schema<string> {
  return {
    toWire: (value) => value,
    fromWire: (raw, path) => {
      if (typeof raw !== 'string' || raw.length > max) {
        throw new Malformed(`${path}: expected text of at most ${String(max)} characters`)
      }
      return raw
    },
  }
}

/** One of a fixed set of words. */
export function oneOf<const W extends string>(...words: readonly W[]): Schema<W> {
  return {
    toWire: (value) => value,
    fromWire: (raw, path) => {
      const word = words.find((candidate) => candidate === raw)
      if (word === undefined) throw new Malformed(`${path}: expected one of ${words.join(', ')}`)
      return word
    },
  }
}

/** At most `max` items. */
export function list<T>(item: Schema<T>, max: number): Schema<readonly T[]> {
  return {
    toWire: (value) => value.map((each) => item.toWire(each)),
    fromWire: (raw, path) => {
      if (!Array.isArray(raw) || raw.length > max) {
        throw new Malformed(`${path}: expected a list of at most ${String(max)}`)
      }
      return raw.map((each, at) => item.fromWire(each, `${path}[${String(at)}]`))
    },
  }
}

/** The value, or null on the wire for undefined. */
export function optional<T>(inner: Schema<T>): Schema<T | undefined> {
  return {
    toWire: (value) => (value === undefined ? null : inner.toWire(value)),
    fromWire: (raw, path) => (raw === null ? undefined : inner.fromWire(raw, path)),
  }
}

export type RecordOf<F> = { readonly [K in keyof F]: TypeOf<F[K]> }

/** Named fields, on the wire an array of exactly these values in the order in which they are written here. */
export function record<F extends { readonly [K in keyof F]: Schema<TypeOf<F[K]>> }>(fields: F): Schema<RecordOf<F>> {
  const entries = Object.entries(fields) as readonly (readonly [string, Schema<unknown>])[]
  return {
    toWire: (value) => {
      const values = value as Readonly<Record<string, unknown>>
      return entries.map(([name, schema]) => schema.toWire(values[name]))
    },
    fromWire: (raw, path) => {
      if (!Array.isArray(raw) || raw.length !== entries.length) {
        throw new Malformed(`${path}: expected ${String(entries.length)} fields`)
      }
      const value: Record<string, unknown> = {}
      for (const [at, [name, schema]] of entries.entries()) value[name] = schema.fromWire(raw[at], `${path}.${name}`)
      return value as RecordOf<F>
    },
  }
}

/** A schema for another type, by a pair of conversions; `parse` returns undefined to refuse. */
export function mapped<T, W>(inner: Schema<W>, print: (value: T) => W, parse: (wire: W) => T | undefined): Schema<T> {
  return {
    toWire: (value) => inner.toWire(print(value)),
    fromWire: (raw, path) => {
      const parsed = parse(inner.fromWire(raw, path))
      if (parsed === undefined) throw new Malformed(`${path}: not acceptable`)
      return parsed
    },
  }
}
