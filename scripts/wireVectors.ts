/**
 * Writes docs/format/vectors/wire.json: a frame of every type, every message both ways, and frames that are refused. A test
 * holds the file against what this code makes and reads.
 */
import { concat, toHex, utf8, type Bytes } from '../src/base/bytes.ts'
import { present } from '../src/base/assert.ts'
import { parseId, type Point } from '../src/base/id.ts'
import { packEnvelope, type EnvelopeType } from '../src/wire/envelope.ts'
import { packRefusal, packReply, packRequest, type Packed } from '../src/wire/messageCodec.ts'
import { helloSchema, MESSAGES, type MessageKind, type Messages } from '../src/wire/messages.ts'
import { encodeAs } from '../src/wire/schema.ts'
import { writeVectors } from './writeVectors.ts'

/** Bytes as lower-case hexadecimal digits. */
export interface WireVectors {
  /** Whole frames, as given to the connection. */
  readonly frames: readonly FrameVector[]
  readonly refused: readonly { readonly why: string; readonly frame: string }[]
}

export interface FrameVector {
  readonly type: EnvelopeType
  readonly requestId: number
  /** Of requests and replies. */
  readonly message?: { readonly kind: MessageKind; readonly code: number }
  /** What the frame says, by the names of the fields; null for an optional value that is absent. */
  readonly value?: unknown
  readonly head: string
  /** Parts of the body. */
  readonly body: readonly string[]
  readonly frame: string
}

const EXAMPLES: { readonly [K in MessageKind]: readonly [Messages[K]['request'], Messages[K]['reply']][] } = {
  ping: [[{}, {}]],
  find: [
    [
      { target: id(1) },
      {
        contacts: [
          { id: id(2), addresses: ['tls://127.24.0.1:4101', 'tls://[fd00::1]:4101'] },
          { id: id(3), addresses: [] },
        ],
      },
    ],
  ],
  region: [
    [
      { target: id(1), withinMs: 5200 },
      { ageMs: 41_000, members: [{ id: id(2), addresses: ['tls://127.24.0.1:4101'] }] },
    ],
  ],
  have: [
    [
      { stripes: [id(4), id(5)], purpose: 'read' },
      {
        holdings: [
          {
            header: pattern(40, 6),
            indices: Uint8Array.of(0, 7, 192),
            expiresMs: 1_901_232_000_000,
            owner: pattern(32, 14),
          },
          undefined,
        ],
      },
    ],
  ],
  store: [
    [
      {
        header: pattern(40, 6),
        region: 3,
        fragments: [
          { index: 7, proof: pattern(64, 8) },
          { index: 192, proof: pattern(32, 9) },
        ],
        leaseMs: 7_776_000_000,
        owner: pattern(32, 14),
        body: [pattern(5, 10), pattern(5, 11)],
      },
      { expiresMs: 1_901_232_000_000, publicKey: pattern(32, 12), signature: pattern(64, 13) },
    ],
  ],
  fetch: [
    [
      { stripe: id(4), indices: Uint8Array.of(7, 8) },
      { header: pattern(40, 6), fragments: [{ index: 7, proof: pattern(64, 8) }], body: [pattern(5, 10)] },
    ],
    [
      { stripe: id(5), indices: Uint8Array.of(0) },
      { header: undefined, fragments: [] },
    ],
  ],
  renew: [[{ stripes: [id(4), id(5)], leaseMs: 7_776_000_000 }, { expiresMs: [1_901_232_000_000, undefined] }]],
  prove: [
    [
      {
        challenges: [
          { stripe: id(4), nonce: 4_000_000_000 },
          { stripe: id(5), nonce: 0 },
        ],
      },
      {
        holdings: [
          { header: pattern(40, 6), indices: Uint8Array.of(0, 7), expiresMs: 1_901_232_000_000, owner: undefined },
          undefined,
        ],
        body: [pattern(64, 15), new Uint8Array(0)],
      },
    ],
  ],
  release: [[{ stripes: [id(4), id(5)], publicKey: pattern(32, 12), signature: pattern(64, 13) }, { fragments: 3 }]],
  storeAll: [
    [
      {
        offers: [
          {
            header: pattern(40, 6),
            region: 3,
            fragments: [{ index: 7, proof: pattern(64, 8) }],
            leaseMs: 7_776_000_000,
            owner: pattern(32, 14),
          },
          {
            header: pattern(40, 16),
            region: 0,
            fragments: [
              { index: 0, proof: pattern(32, 9) },
              { index: 192, proof: pattern(32, 17) },
            ],
            leaseMs: 86_400_000,
            owner: undefined,
          },
        ],
        body: [pattern(5, 10), pattern(3, 11), pattern(3, 18)],
      },
      {
        expiresMs: [1_901_232_000_000, 1_793_545_600_000],
        publicKey: pattern(32, 12),
        signature: pattern(64, 13),
      },
    ],
  ],
}

/** The vectors as this code makes them. */
export function wireVectors(): WireVectors {
  return { frames: [...hellos(), ...messages(), ...notices()], refused: refused() }
}

/** A value as JSON can hold it. */
export function printable(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(printable)
  if (typeof value !== 'object') return value
  const fields = Object.entries(value).filter(([name]) => name !== 'body')
  return Object.fromEntries(fields.map(([name, each]) => [name, printable(each)]))
}

function hellos(): readonly FrameVector[] {
  return [undefined, { memoryKib: 16_384, passes: 1, difficultyBits: 6 }].map((puzzle) => {
    const value = { versionMin: 1, versionMax: 1, network: 'example', addresses: ['tls://127.24.0.1:4101'], puzzle }
    return vector('hello', 0, { head: encodeAs(helloSchema, value), body: [] }, { value: printable(value) })
  })
}

function messages(): readonly FrameVector[] {
  let requestId = 0
  return (Object.keys(EXAMPLES) as MessageKind[]).flatMap((kind) =>
    EXAMPLES[kind].flatMap(([request, reply]) => {
      const message = { kind, code: MESSAGES[kind].code }
      requestId++
      return [
        vector('request', requestId, packRequest(kind, request), { message, value: printable(request) }),
        vector('reply', requestId, packReply(kind, reply), { message, value: printable(reply) }),
      ]
    }),
  )
}

function notices(): readonly FrameVector[] {
  const none = { head: new Uint8Array(0), body: [] }
  const value = { code: 'busy', message: 'too much to do: häufig' } as const
  return [
    vector('refusal', 0xffffffff, { head: packRefusal(value), body: [] }, { value }),
    vector('cancel', 7, none),
    vector('goodbye', 0, none),
    vector('leave', 0, none),
  ]
}

function vector(
  type: EnvelopeType,
  requestId: number,
  { head, body }: Packed,
  meaning: Pick<FrameVector, 'message' | 'value'> = {},
): FrameVector {
  const frame = concat(...packEnvelope(type, requestId, head, body))
  return { type, requestId, ...meaning, head: toHex(head), body: body.map(toHex), frame: toHex(frame) }
}

function refused(): WireVectors['refused'] {
  const head = (...bytes: number[]): Bytes => Uint8Array.from(bytes)
  const ping = head(0x83, 0x01, 0x80, 0x80)
  const find = (tail: Bytes): Bytes => concat(head(0x83, 0x02, 0x81), tail, head(0x80))
  const helloOf = (network: Bytes): Bytes => concat(head(0x85, 0x01, 0x01), network, head(0x80, 0xf6))
  const request = (of: Bytes, body: Bytes = head()): string => raw(2, 1, of, body)
  return [
    { why: 'shorter than its fixed part', frame: '0200000001000000' },
    { why: 'type 0', frame: raw(0, 0) },
    { why: 'type 8', frame: raw(8, 0) },
    { why: 'a head longer than the frame', frame: '020000000100000005830180' },
    { why: 'a hello with a request id', frame: raw(1, 1, helloOf(head(0x61, 0x61))) },
    { why: 'a request without one', frame: raw(2, 0, ping) },
    { why: 'a goodbye with a head', frame: raw(6, 0, head(0x80)) },
    { why: 'a cancel with a body', frame: raw(5, 1, head(), head(0)) },
    { why: 'bytes after the CBOR', frame: request(concat(ping, head(0))) },
    { why: 'an integer longer than needed', frame: request(head(0x83, 0x18, 0x01, 0x80, 0x80)) },
    { why: 'an array length longer than needed', frame: request(head(0x83, 0x01, 0x98, 0x00, 0x80)) },
    { why: 'an array of indefinite length', frame: request(head(0x83, 0x01, 0x9f, 0xff, 0x80)) },
    { why: 'a float for an integer', frame: request(head(0x83, 0xf9, 0x3c, 0x00, 0x80, 0x80)) },
    { why: 'a tag', frame: request(head(0x83, 0xc1, 0x01, 0x80, 0x80)) },
    { why: 'a map', frame: request(head(0x83, 0x01, 0xa0, 0x80)) },
    { why: 'a field too many', frame: request(head(0x83, 0x01, 0x81, 0x00, 0x80)) },
    { why: 'an id of 31 bytes', frame: request(find(concat(head(0x58, 31), pattern(31, 1)))) },
    { why: 'a text for bytes', frame: request(find(concat(head(0x78, 32), utf8('a'.repeat(32))))) },
    { why: 'a message that is not known', frame: request(head(0x83, 0x03, 0x80, 0x80)) },
    { why: 'a body shorter than its parts', frame: request(head(0x83, 0x01, 0x80, 0x81, 0x02), head(0)) },
    { why: 'a body longer than its parts', frame: request(ping, head(0)) },
    { why: 'text that is not UTF-8', frame: raw(1, 0, helloOf(head(0x62, 0xc3, 0x28))) },
  ]
}

function raw(
  type: number,
  requestId: number,
  head: Bytes = new Uint8Array(0),
  body: Bytes = new Uint8Array(0),
): string {
  const fixed = [type, requestId, head.length].map((value, at) => value.toString(16).padStart(at === 0 ? 2 : 8, '0'))
  return fixed.join('') + toHex(head) + toHex(body)
}

function id<T extends Point>(start: number): T {
  return present(parseId<T>(pattern(32, start)), 'an id of 32 bytes')
}

function pattern(length: number, start: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => start + 37 * i)
}

if (import.meta.main) await writeVectors('wire.json', wireVectors())
