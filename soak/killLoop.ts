/**
 * Holders killed again and again while another node puts: after each restart everything that the putter was given a receipt for must be
 * there. Wants a testnet that does not repair meanwhile, which would hide a loss.
 */
import { assert } from '../src/base/assert.ts'
import { MIB, SECOND } from '../src/base/units.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'
import type { Testnet, TestnetNode } from '../src/testing/testnet.ts'
import { eventually } from '../test/eventually.ts'
import { content, NodeClient, type PutAnswer } from '../test/nodeClient.ts'

export interface KillLoopOptions {
  readonly kills: number
  readonly random: SeededRandom
  /** After each kill. */
  readonly onKill?: (kill: Kill) => void
}

export interface Kill {
  /** From 1. */
  readonly count: number
  readonly node: number
  /** Fragments of puts under way that are acknowledged, and how many of them are there after the restart. */
  readonly placed: number
  readonly alive: number
}

const PUTTER = 0
const OBJECT_BYTES = 2 * MIB
/** One moment of a put or another: they take about as long. */
const KILL_WITHIN_MS = 300
/** The restarted node is found by those that ask. */
const FOUND_MS_MAX = 60 * SECOND

/** Returns how many acknowledged fragments were looked for. Rejects with what is missing. */
export async function killLoop(testnet: Testnet, { kills, random, onKill }: KillLoopOptions): Promise<number> {
  const holders = testnet.nodes.filter(({ index }) => index !== PUTTER)
  let looked = 0
  for (let count = 1; count <= kills; count++) {
    const victim = holders[random.integer(holders.length)] as TestnetNode
    const put = new NodeClient(testnet, PUTTER).put(content(OBJECT_BYTES, count).source)
    const [answer] = await Promise.all([put, killSoon(victim, random.integer(KILL_WITHIN_MS))])
    await victim.restart()
    const alive = await whenFound(testnet, answer)
    looked += answer.fragments.placed
    onKill?.({ count, node: victim.index, placed: answer.fragments.placed, alive })
  }
  return looked
}

async function killSoon(victim: TestnetNode, afterMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  await victim.kill('SIGKILL')
}

/** A holder may keep more than it could sign for before its end, but never less. */
async function whenFound(testnet: Testnet, { link, fragments, segments }: PutAnswer): Promise<number> {
  assert(segments === 1, 'the least of one segment is all there is')
  const asker = new NodeClient(testnet, 1)
  let alive = 0
  const isThere = async (): Promise<boolean> => {
    alive = (await asker.health(link)).aliveMin
    return alive >= fragments.placed
  }
  await eventually(`${fragments.placed} acknowledged fragments are there`, isThere, FOUND_MS_MAX)
  return alive
}
