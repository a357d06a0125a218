/**
 * The puzzle in every node id. A memory-hard hash of the node's public key, the tag, goes into the id, and the id counts only when
 * the tag begins with enough zeros: so every attempt at an id near some place costs a run of the hash, and checking costs one.
 * Absent on purpose: queues and caches, which are nodeIds.ts's. See docs/adr/0006-memory-hard-ids.md and docs/format/ids.md.
 */
import { assert, present } from '../base/assert.ts'
import { utf8, type Bytes } from '../base/bytes.ts'
import { parseId, type NodeId } from '../base/id.ts'
import { KIB } from '../base/units.ts'
import type { MemoryHard } from '../ports/memoryHard.ts'
import { PUBLIC_KEY_BYTES, type Primitives } from '../ports/primitives.ts'
import {
  CHECKS_AT_ONCE,
  PUZZLE_BITS_MAX,
  PUZZLE_MEMORY_KIB_MAX,
  PUZZLE_MEMORY_KIB_MIN,
  PUZZLE_PASSES_MAX,
} from './limits.ts'

/** What every id of a network costs. All nodes of the network have the same one. */
export interface IdPuzzle {
  /** Argon2id's memory, with one lane. */
  readonly memoryKib: number
  readonly passes: number
  /** Zero bits at the tag's beginning: a node's key takes 2^difficultyBits runs to find. */
  readonly difficultyBits: number
}

/** A network whose ids cost a puzzle. In others an id is the hash of the key alone, and costs nothing. */
export interface PuzzledNetwork {
  readonly network: string
  readonly puzzle: IdPuzzle
  readonly memoryHard: MemoryHard
}

/**
 * Of networks that strangers join: 15 to 30 ms of one core and 16 MiB to check, about a second to make. More memory would keep small
 * machines from checking, more bits would keep people waiting; docs/adr/0006-memory-hard-ids.md has what it costs attackers.
 */
export const PUBLIC_PUZZLE: IdPuzzle = { memoryKib: 16 * KIB, passes: 1, difficultyBits: 6 }

const TAG_BYTES = 32
const LANES = 1
const SALT_LABEL = 'mainframe/id-puzzle/1\0'
const ID_LABEL = utf8('mainframe/node-id/1\0')

/** The id of a key, at the cost of one run; undefined when the key does not solve the puzzle. */
export async function solvedId(
  primitives: Primitives,
  puzzled: PuzzledNetwork,
  publicKey: Uint8Array,
): Promise<NodeId | undefined> {
  const tag = await puzzleTag(puzzled, publicKey)
  if (zeroBits(tag) < puzzled.puzzle.difficultyBits) return undefined
  return present(parseId<NodeId>(primitives.hash(ID_LABEL, publicKey, tag)), 'SHA-256 has 32 bytes')
}

/** Argon2id of the key, salted with the network's name so that no key's luck carries over. 32 bytes. */
export function puzzleTag({ network, puzzle, memoryHard }: PuzzledNetwork, publicKey: Uint8Array): Promise<Bytes> {
  assert(publicKey.length === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  const { memoryKib, passes } = puzzle
  const salt = utf8(SALT_LABEL + network)
  return memoryHard.argon2id({ password: publicKey, salt, memoryKib, passes, lanes: LANES, tagBytes: TAG_BYTES })
}

/**
 * Draws seeds until one's key solves the puzzle: `expectedRuns` on average, and now and then five times as many. `onAttempts` is told
 * 0 at first, then how many were tried, once for every `expectedRuns` of them.
 */
export async function grindSeed(
  primitives: Primitives,
  puzzled: PuzzledNetwork,
  drawSeed: () => Bytes,
  onAttempts: (attempts: number) => void = () => undefined,
): Promise<{ readonly seed: Bytes; readonly id: NodeId }> {
  let attempts = 0
  let found: { seed: Bytes; id: NodeId } | undefined
  const search = async (): Promise<void> => {
    while (found === undefined) {
      const seed = drawSeed()
      const id = await solvedId(primitives, puzzled, primitives.publicKey(seed))
      if (id !== undefined) found ??= { seed, id }
      if (++attempts % expectedRuns(puzzled.puzzle) === 0) onAttempts(attempts)
    }
  }
  onAttempts(0)
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, search))
  return present(found, 'the search ends with a seed')
}

/** Runs of the puzzle that making a key takes on average. */
export function expectedRuns(puzzle: IdPuzzle): number {
  return 2 ** puzzle.difficultyBits
}

/** Whether the numbers are within what networks may ask for. */
export function isPuzzle({ memoryKib, passes, difficultyBits }: IdPuzzle): boolean {
  return (
    isWhole(memoryKib, PUZZLE_MEMORY_KIB_MIN, PUZZLE_MEMORY_KIB_MAX) &&
    isWhole(passes, 1, PUZZLE_PASSES_MAX) &&
    isWhole(difficultyBits, 0, PUZZLE_BITS_MAX)
  )
}

export function isSamePuzzle(a: IdPuzzle | undefined, b: IdPuzzle | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.memoryKib === b.memoryKib && a.passes === b.passes && a.difficultyBits === b.difficultyBits
}

/** For messages: `none`, or `16MiB,1,6` (memory, passes, bits), as the command line takes it. */
export function printPuzzle(puzzle: IdPuzzle | undefined): string {
  if (puzzle === undefined) return 'none'
  const { memoryKib, passes, difficultyBits } = puzzle
  const memory = memoryKib % KIB === 0 ? `${String(memoryKib / KIB)}MiB` : `${String(memoryKib)}KiB`
  return [memory, passes, difficultyBits].join(',')
}

function zeroBits(tag: Uint8Array): number {
  const at = tag.findIndex((byte) => byte !== 0)
  return at < 0 ? 8 * tag.length : 8 * at + Math.clz32(tag[at] ?? 0) - 24
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}
