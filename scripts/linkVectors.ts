/**
 * Writes docs/format/vectors/link.json: links of every kind, garbled ones, and the ids and keys that follow from others. A test
 * holds the file against what this code makes.
 */
import { toHex, type Bytes } from '../src/base/bytes.ts'
import { present } from '../src/base/assert.ts'
import { parseId, type StripeId } from '../src/base/id.ts'
import {
  listKey,
  nodeIdOf,
  objectKeys,
  regionPoint,
  rootContentKey,
  rootKey,
  segmentKey,
} from '../src/crypto/derive.ts'
import { printLink, toVerify, type Capability } from '../src/crypto/link.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { writeVectors } from './writeVectors.ts'

/** Bytes as lower-case hexadecimal digits. */
export interface LinkVectors {
  readonly links: readonly (Omit<Capability, 'key'> & { readonly key: string; readonly link: string })[]
  readonly refused: readonly { readonly why: string; readonly link: string }[]
  readonly keys: {
    readonly secret: string
    readonly verifyKey: string
    readonly readKey: string
    readonly rootKey: string
    readonly rootContentKey: string
    readonly segmentKeys: readonly { readonly segment: number; readonly key: string }[]
    readonly listKeys: readonly { readonly level: number; readonly position: number; readonly key: string }[]
  }
  readonly nodeId: { readonly publicKey: string; readonly id: string }
  readonly regionPoints: readonly { readonly stripe: string; readonly region: number; readonly point: string }[]
}

const primitives = new NodePrimitives()
const SECRET = pattern(1)
const ROOT = present(parseId<StripeId>(pattern(101)), 'an id of 32 bytes')

/** The vectors as this code makes them. */
export function linkVectors(): LinkVectors {
  const links = (['object', 'directory'] as const).flatMap((what) => {
    const read: Capability = { what, right: 'read', root: ROOT, key: SECRET }
    return [read, toVerify(primitives, read)]
  })
  return {
    links: links.map((each) => ({ ...each, key: toHex(each.key), link: printLink(primitives, each) })),
    refused: refused(printLink(primitives, present(links[0], 'a link'))),
    keys: keys(),
    nodeId: { publicKey: toHex(SECRET), id: nodeIdOf(primitives, SECRET) },
    regionPoints: [0, 1, 15].map((region) => ({
      stripe: ROOT,
      region,
      point: regionPoint(primitives, ROOT, region),
    })),
  }
}

function keys(): LinkVectors['keys'] {
  const { verifyKey, readKey } = objectKeys(primitives, SECRET)
  return {
    secret: toHex(SECRET),
    verifyKey: toHex(verifyKey),
    readKey: toHex(readKey),
    rootKey: toHex(rootKey(primitives, verifyKey)),
    rootContentKey: toHex(rootContentKey(primitives, readKey)),
    segmentKeys: [0, 1, 1_000_000].map((segment) => ({
      segment,
      key: toHex(segmentKey(primitives, readKey, segment)),
    })),
    listKeys: [
      [1, 0],
      [1, 12],
      [2, 1],
    ].map(([level = 0, position = 0]) => ({
      level,
      position,
      key: toHex(listKey(primitives, verifyKey, level, position)),
    })),
  }
}

function refused(link: string): LinkVectors['refused'] {
  return [
    { why: 'another scheme', link: `mg:${link.slice(3)}` },
    { why: 'the last character is missing', link: link.slice(0, -1) },
    { why: 'one character too many', link: `${link}a` },
    { why: 'a character that base32 does not have', link: link.replace(/.$/, '1') },
    { why: 'a changed character in the key', link: changedAt(link, 80) },
    { why: 'spare bits that are not zero', link: changedAt(link, link.length - 1) },
  ]
}

/** The link with the lowest bit of one character flipped. */
function changedAt(link: string, at: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  const flipped = alphabet.charAt(alphabet.indexOf(link.charAt(at)) ^ 1)
  return link.slice(0, at) + flipped + link.slice(at + 1)
}

function pattern(start: number): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => start + 37 * i)
}

if (import.meta.main) await writeVectors('link.json', linkVectors())
