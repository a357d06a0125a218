/** The nodes of a subject that live, lookups among them, and what these should have found. */
import { randomBytes, randomInt } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { present } from '../../src/base/assert.ts'
import { compareDistance, type Point } from '../../src/base/id.ts'
import type { Sample } from './results.ts'
import { NEAREST, type Answer, type Subject } from './subject.ts'

/** A lookup that takes longer has failed. */
const LOOKUP_MS_MAX = 30_000

/** One lookup that has ended, not judged yet: that takes time which is not the subject's. */
export interface Attempt {
  readonly asker: number
  readonly key: Uint8Array
  readonly startedMs: number
  readonly ms: number
  /** Of the whole process: where lookups overlap, each is charged for all. */
  readonly cpuMs: number
  /** Undefined when it failed. */
  readonly answer: Answer | undefined
}

export class Population {
  private readonly subject: Subject
  private alive: readonly number[]

  constructor(subject: Subject) {
    this.subject = subject
    this.alive = [...subject.places.keys()]
  }

  /** `count` lookups of random keys by random nodes, so many at once. */
  async lookups(way: string, count: number, concurrency: number): Promise<readonly Attempt[]> {
    const attempts: Attempt[] = []
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0) attempts.push(await this.lookup(way))
    }
    await Promise.all(Array.from({ length: concurrency }, lane))
    return attempts
  }

  async lookup(way: string): Promise<Attempt> {
    const asker = present(this.alive[randomInt(this.alive.length)], 'a node that lives')
    const key = randomBytes(32)
    const startedMs = performance.now()
    const cpuBefore = process.cpuUsage()
    const answer = await inTime(this.subject.lookup(way, asker, key))
    const { user, system } = process.cpuUsage(cpuBefore)
    return { asker, key, startedMs, ms: performance.now() - startedMs, cpuMs: (user + system) / 1000, answer }
  }

  delayRequests(delayMs: number): void {
    this.subject.delayRequests(delayMs)
  }

  /** Kills so many at random. */
  kill(count: number): void {
    const dead = new Set<number>()
    while (dead.size < count) dead.add(present(this.alive[randomInt(this.alive.length)], 'a node that lives'))
    this.alive = this.alive.filter((node) => !dead.has(node))
    this.subject.kill([...dead])
  }

  /** Holds attempts against the nodes that live now. */
  judge(attempts: readonly Attempt[]): readonly Sample[] {
    return attempts.map((attempt) => ({
      startedMs: attempt.startedMs,
      ms: attempt.ms,
      cpuMs: attempt.cpuMs,
      recall: this.recall(attempt),
      requestCount: attempt.answer?.requestCount ?? 0,
      failed: attempt.answer === undefined,
    }))
  }

  /** Share of the nodes truly nearest to the key that the answer names. */
  private recall({ asker, key, answer }: Attempt): number {
    const { places, namesAsker } = this.subject
    const target = this.subject.placeOf(key)
    const nameable = this.alive.filter((node) => namesAsker || node !== asker)
    const truth = nameable
      .map((node) => present(places[node], 'a node has a place'))
      .sort((a, b) => compareDistance(target, a, b))
      .slice(0, NEAREST)
    const found = new Set<Point>(answer?.places)
    return truth.filter((place) => found.has(place)).length / truth.length
  }
}

/** Undefined for an error, and for an answer that does not come. */
async function inTime(answer: Promise<Answer>): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LOOKUP_MS_MAX)
  })
  try {
    return await Promise.race([answer.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
