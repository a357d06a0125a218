/**
 * Which id a public key has in this node's network. Where ids cost a puzzle, keys are checked a few at a time, this node's own
 * questions before those of peers that came unasked, and what was found is remembered; where they cost nothing, answers come at once.
 * Absent on purpose: who holds the key (the transport proves that) and how much a stranger's neighbourhood may ask for (its budget).
 */
import { assert, present } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { NodeId } from '../base/id.ts'
import { deferred, type Deferred } from '../base/signals.ts'
import type { Primitives } from '../ports/primitives.ts'
import { nodeIdOf } from './derive.ts'
import { isPuzzle, solvedId, type PuzzledNetwork } from './idPuzzle.ts'
import {
  CHECKS_AT_ONCE,
  OWN_CHECKS_QUEUED_MAX,
  SOLVED_KEYS_MAX,
  STRANGER_CHECKS_AT_ONCE,
  STRANGERS_QUEUED_MAX,
  UNSOLVED_KEYS_MAX,
} from './limits.ts'

/** The id of a key, or that it has none here. */
export type Verdict = NodeId | 'unsolved'

/** On whose account a check runs: this node's (a dial, a receipt), or that of a peer that came unasked. */
export type Asker = 'own' | 'stranger'

interface Check {
  readonly publicKey: Uint8Array
  readonly outcome: Deferred<Verdict>
  asker: Asker
  /** On whose account it runs, once it does. */
  runsFor?: Asker
}

export class NodeIds {
  /** Undefined where ids cost nothing. */
  readonly puzzled: PuzzledNetwork | undefined
  private readonly primitives: Primitives
  /** By key, in hex; least recently asked for first. */
  private readonly solved = new Map<string, NodeId>()
  private readonly keyOf = new Map<NodeId, string>()
  private readonly unsolved = new Set<string>()
  /** Waiting or running, by key, in the order they came. */
  private readonly checks = new Map<string, Check>()
  private isClosed = false

  constructor(primitives: Primitives, puzzled?: PuzzledNetwork) {
    assert(puzzled === undefined || isPuzzle(puzzled.puzzle), 'the puzzle is within its bounds')
    this.primitives = primitives
    this.puzzled = puzzled
  }

  /** What can be told of a key at once: always all where ids cost nothing, else what was found lately. */
  known(publicKey: Uint8Array): Verdict | undefined {
    if (this.puzzled === undefined) return nodeIdOf(this.primitives, publicKey)
    const key = toHex(publicKey)
    const id = this.solved.get(key)
    if (id !== undefined) {
      this.solved.delete(key)
      this.solved.set(key, id)
      return id
    }
    return this.unsolved.has(key) ? 'unsolved' : undefined
  }

  /** Whether a check of the key waits or runs, so that asking for another costs no more. */
  isUnderWay(publicKey: Uint8Array): boolean {
    return this.checks.has(toHex(publicKey))
  }

  /**
   * The key's id, at the cost of a run of the puzzle for a key not seen lately. Rejects with `busy` when too many wait already,
   * `closed` when this node is stopping, and with what keeps the machine from computing it.
   */
  async judge(publicKey: Uint8Array, asker: Asker): Promise<Verdict> {
    const known = this.known(publicKey)
    if (known !== undefined) return known
    if (this.isClosed) throw stopping()
    const check = this.checks.get(toHex(publicKey)) ?? this.enqueue(publicKey, asker)
    if (asker === 'own') check.asker = 'own'
    this.startChecks()
    return check.outcome.promise
  }

  /** Whether `id` is the key's. An id that another key was seen to have costs no run. Rejects as `judge` does. */
  async isIdOf(id: NodeId, publicKey: Uint8Array): Promise<boolean> {
    const known = this.known(publicKey)
    if (known !== undefined) return known === id
    if (this.keyOf.has(id)) return false
    return (await this.judge(publicKey, 'own')) === id
  }

  /** Ends the wait for every check that has not begun, with `closed`; settles when none runs. */
  async close(): Promise<void> {
    this.isClosed = true
    const running: Promise<Verdict>[] = []
    for (const [key, check] of this.checks) {
      if (check.runsFor !== undefined) running.push(check.outcome.promise)
      else {
        this.checks.delete(key)
        check.outcome.reject(stopping())
      }
    }
    await Promise.allSettled(running)
  }

  private enqueue(publicKey: Uint8Array, asker: Asker): Check {
    let waiting = 0
    for (const check of this.checks.values()) if (check.runsFor === undefined && check.asker === asker) waiting++
    if (waiting >= (asker === 'own' ? OWN_CHECKS_QUEUED_MAX : STRANGERS_QUEUED_MAX)) {
      throw new Failure('busy', 'too many keys wait for their ids to be checked; try again later')
    }
    const check: Check = { publicKey: publicKey.slice(), outcome: deferred<Verdict>(), asker }
    this.checks.set(toHex(publicKey), check)
    return check
  }

  private startChecks(): void {
    for (let next = this.nextCheck(); next !== undefined; next = this.nextCheck()) void this.run(next)
  }

  private nextCheck(): Check | undefined {
    let running = 0
    let strangersRunning = 0
    let own: Check | undefined
    let stranger: Check | undefined
    for (const check of this.checks.values()) {
      if (check.runsFor !== undefined) running++
      if (check.runsFor === 'stranger') strangersRunning++
      if (check.runsFor !== undefined) continue
      if (check.asker === 'own') own ??= check
      else stranger ??= check
    }
    if (running >= CHECKS_AT_ONCE) return undefined
    return own ?? (strangersRunning < STRANGER_CHECKS_AT_ONCE ? stranger : undefined)
  }

  private async run(check: Check): Promise<void> {
    check.runsFor = check.asker
    try {
      const puzzled = present(this.puzzled, 'without a puzzle every id is known')
      const id = await solvedId(this.primitives, puzzled, check.publicKey)
      this.remember(toHex(check.publicKey), id)
      check.outcome.resolve(id ?? 'unsolved')
    } catch (error) {
      check.outcome.reject(error)
    } finally {
      this.checks.delete(toHex(check.publicKey))
      this.startChecks()
    }
  }

  private remember(key: string, id: NodeId | undefined): void {
    if (id === undefined) {
      this.unsolved.add(key)
      const [oldest = ''] = this.unsolved
      if (this.unsolved.size > UNSOLVED_KEYS_MAX) this.unsolved.delete(oldest)
      return
    }
    this.solved.set(key, id)
    this.keyOf.set(id, key)
    if (this.solved.size <= SOLVED_KEYS_MAX) return
    for (const [oldest, oldId] of this.solved) {
      this.solved.delete(oldest)
      this.keyOf.delete(oldId)
      return
    }
  }
}

function stopping(): Failure {
  return new Failure('closed', 'this node is stopping')
}
