/**
 * Writes docs/format/vectors/ids.json: ids without a puzzle, ids under several, and keys that do not count. A test holds the file
 * against what this code makes.
 */
import { toHex, type Bytes } from '../src/base/bytes.ts'
import type { NodeId } from '../src/base/id.ts'
import { nodeIdOf } from '../src/crypto/derive.ts'
import { PUBLIC_PUZZLE, puzzleTag, solvedId, type IdPuzzle } from '../src/crypto/idPuzzle.ts'
import { NodeMemoryHard } from '../src/drivers/nodeMemoryHard.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { writeVectors } from './writeVectors.ts'

/** Bytes as lower-case hexadecimal digits. */
export interface IdVectors {
  readonly withoutPuzzle: readonly { readonly seed: string; readonly publicKey: string; readonly id: NodeId }[]
  readonly withPuzzle: readonly PuzzledVector[]
}

export interface PuzzledVector {
  readonly network: string
  readonly puzzle: IdPuzzle
  readonly seed: string
  readonly publicKey: string
  readonly tag: string
  /** Null for a key that does not solve the puzzle. */
  readonly id: NodeId | null
}

const primitives = new NodePrimitives()
const memoryHard = new NodeMemoryHard()
const SMALL: IdPuzzle = { memoryKib: 64, passes: 1, difficultyBits: 2 }

/** The vectors as this code makes them. */
export async function idVectors(): Promise<IdVectors> {
  const withoutPuzzle = [1, 2].map((start) => {
    const publicKey = primitives.publicKey(pattern(start))
    return { seed: toHex(pattern(start)), publicKey: toHex(publicKey), id: nodeIdOf(primitives, publicKey) }
  })
  const withPuzzle = [
    ...(await pairOf('example', SMALL)),
    ...(await pairOf('café', SMALL)),
    ...(await pairOf('example', { memoryKib: 100, passes: 3, difficultyBits: 1 })),
    await vectorOf('example', { ...SMALL, difficultyBits: 0 }, pattern(1)),
    await vectorOf('mainframe', PUBLIC_PUZZLE, pattern(1)),
  ]
  return { withoutPuzzle, withPuzzle }
}

/** The first seed whose key counts, and the first whose key does not. */
async function pairOf(network: string, puzzle: IdPuzzle): Promise<readonly PuzzledVector[]> {
  const pair = new Map<boolean, PuzzledVector>()
  for (let start = 1; pair.size < 2; start++) {
    const vector = await vectorOf(network, puzzle, pattern(start))
    if (!pair.has(vector.id === null)) pair.set(vector.id === null, vector)
  }
  return [...pair.values()]
}

async function vectorOf(network: string, puzzle: IdPuzzle, seed: Bytes): Promise<PuzzledVector> {
  const publicKey = primitives.publicKey(seed)
  const puzzled = { network, puzzle, memoryHard }
  const tag = await puzzleTag(puzzled, publicKey)
  const id = await solvedId(primitives, puzzled, publicKey)
  return { network, puzzle, seed: toHex(seed), publicKey: toHex(publicKey), tag: toHex(tag), id: id ?? null }
}

function pattern(start: number): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => start + 37 * i)
}

if (import.meta.main) await writeVectors('ids.json', await idVectors())
