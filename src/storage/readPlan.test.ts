/** ReadPlan: asks for no more than is wanted while all is well, never in vain twice, and always comes to an end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../sim/seededRandom.ts'
import type { NodeId } from '../base/id.ts'
import type { Contact } from '../ports/connection.ts'
import { BUSY_TRIES_MAX, FETCHES_PER_HOLDER, SLOW_FETCH_MS_MIN } from './limits.ts'
import { ReadPlan, type ReadStep } from './readPlan.ts'

function contact(n: number): Contact {
  return { id: n.toString(16).padStart(64, '0') as NodeId, addresses: [] }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

interface Fetch {
  readonly contact: Contact
  readonly indices: readonly number[]
}

/** All fetches that the plan wants now, and what it says after them. */
function steps(plan: ReadPlan, nowMs = 0): { readonly fetches: readonly Fetch[]; readonly end: ReadStep } {
  const fetches: Fetch[] = []
  for (;;) {
    const step = plan.next(nowMs)
    if (step.kind !== 'fetch') return { fetches, end: step }
    fetches.push(step)
  }
}

function give(plan: ReadPlan, { contact, indices }: Fetch, elapsedMs = 10): void {
  for (const index of indices) plan.onFragment(index)
  plan.onFetchEnded(contact, indices, elapsedMs)
}

test('in calm weather exactly the wanted fragments are asked for, each once', () => {
  const plan = new ReadPlan({ needed: 4, wanted: [0, 1, 2, 3], fragmentsPerFetch: 9 })
  for (const n of upTo(6)) plan.onHolding(contact(n), [n, n + 6])
  plan.onLocated()
  const { fetches, end } = steps(plan)
  assert.deepEqual(fetches.flatMap((fetch) => fetch.indices).sort(), [0, 1, 2, 3])
  assert.equal(end.kind, 'wait')
  for (const fetch of fetches) give(plan, fetch)
  assert.deepEqual(plan.next(20), { kind: 'done', how: 'direct' })
})

test('a range asks for its own fragments only', () => {
  const plan = new ReadPlan({ needed: 64, wanted: [7, 8], fragmentsPerFetch: 9 })
  plan.onHolding(contact(1), upTo(64))
  plan.onLocated()
  assert.deepEqual(
    steps(plan).fetches.flatMap((fetch) => fetch.indices),
    [7, 8],
  )
})

test('one holder is not asked for more than a few batches at once', () => {
  const plan = new ReadPlan({ needed: 8, wanted: upTo(8), fragmentsPerFetch: 1 })
  plan.onHolding(contact(1), upTo(8))
  plan.onLocated()
  const { fetches } = steps(plan)
  assert.equal(fetches.length, FETCHES_PER_HOLDER)
  give(plan, fetches[0] as Fetch)
  assert.equal(steps(plan).fetches.length, 1)
})

test('what nobody offers is made up for by others once everybody has been asked', () => {
  const plan = new ReadPlan({ needed: 4, wanted: [0, 1, 2, 3], fragmentsPerFetch: 9 })
  plan.onHolding(contact(1), [0, 1, 2, 9, 10])
  const before = steps(plan)
  assert.deepEqual(
    before.fetches.flatMap((fetch) => fetch.indices),
    [0, 1, 2],
  )
  plan.onLocated()
  const after = steps(plan)
  assert.deepEqual(
    after.fetches.flatMap((fetch) => fetch.indices),
    [9],
  )
  for (const fetch of [...before.fetches, ...after.fetches]) give(plan, fetch)
  assert.deepEqual(plan.next(20), { kind: 'done', how: 'decode' })
})

test('any one fragment will do at once when one is needed', () => {
  const plan = new ReadPlan({ needed: 1, wanted: [0], fragmentsPerFetch: 1 })
  plan.onHolding(contact(1), [7])
  const { fetches } = steps(plan)
  assert.deepEqual(
    fetches.map((fetch) => fetch.indices),
    [[7]],
  )
  plan.onHolding(contact(2), [8])
  assert.deepEqual(steps(plan).fetches, [])
  give(plan, fetches[0] as Fetch)
  assert.equal(plan.next(0).kind, 'done')
})

test('a slow answer is made up for by another, and the slow one still counts when it comes', () => {
  const plan = new ReadPlan({ needed: 2, wanted: [0, 1], fragmentsPerFetch: 1 })
  plan.onHolding(contact(1), [0])
  plan.onHolding(contact(2), [1])
  plan.onHolding(contact(3), [2])
  plan.onLocated()
  const { fetches, end } = steps(plan)
  assert.deepEqual(end, { kind: 'wait', untilMs: SLOW_FETCH_MS_MIN })
  give(plan, fetches[0] as Fetch)
  assert.deepEqual(steps(plan, SLOW_FETCH_MS_MIN - 1).fetches, [])
  const instead = steps(plan, SLOW_FETCH_MS_MIN).fetches
  assert.deepEqual(
    instead.flatMap((fetch) => fetch.indices),
    [2],
  )
  give(plan, fetches[1] as Fetch)
  assert.deepEqual(plan.next(SLOW_FETCH_MS_MIN), { kind: 'done', how: 'direct' })
})

test('a liar is asked for nothing more, and what it offered counts for nothing', () => {
  const plan = new ReadPlan({ needed: 2, wanted: [0, 1], fragmentsPerFetch: 1 })
  plan.onHolding(contact(1), [0, 1])
  plan.onHolding(contact(2), [2])
  plan.onLocated()
  const { fetches } = steps(plan)
  assert.equal(plan.offeredCount, 3)
  assert.equal(plan.exclude(contact(1).id), 2)
  assert.equal(plan.offeredCount, 1)
  plan.onHolding(contact(1), [0, 1])
  for (const { contact, indices } of fetches) plan.onFetchEnded(contact, indices, 5)
  const rest = steps(plan)
  assert.deepEqual(
    rest.fetches.map((fetch) => fetch.contact.id),
    [contact(2).id],
  )
  give(plan, rest.fetches[0] as Fetch)
  assert.deepEqual(plan.next(0), { kind: 'short' })
})

test('a busy holder is asked again, but not for ever', () => {
  const plan = new ReadPlan({ needed: 1, wanted: [0], fragmentsPerFetch: 1 })
  plan.onHolding(contact(1), [0])
  plan.onLocated()
  for (let time = 1; time <= BUSY_TRIES_MAX; time++) {
    const [fetch] = steps(plan).fetches
    assert.ok(fetch)
    plan.onBusy(fetch.contact, fetch.indices)
  }
  assert.deepEqual(plan.next(0), { kind: 'short' })
})

test('with nobody holding anything the plan waits until all are asked, then is short', () => {
  const plan = new ReadPlan({ needed: 1, wanted: [0], fragmentsPerFetch: 1 })
  assert.deepEqual(plan.next(0), { kind: 'wait', untilMs: undefined })
  plan.onLocated()
  assert.deepEqual(plan.next(0), { kind: 'short' })
})

type Nature = 'honest' | 'silent' | 'liar' | 'empty' | 'slow' | 'busy'

test('whoever holds what and behaves how, a read ends, and ends well exactly when enough honest fragments are offered', () => {
  const natures = fc.constantFrom<Nature>('honest', 'honest', 'honest', 'silent', 'liar', 'empty', 'slow', 'busy')
  const cases = fc.record({
    seed: fc.nat(),
    neededLog: fc.integer({ min: 0, max: 4 }),
    perFetch: fc.integer({ min: 1, max: 5 }),
    holders: fc.array(fc.record({ nature: natures, share: fc.integer({ min: 0, max: 9 }) }), { maxLength: 12 }),
  })
  fc.assert(
    fc.property(cases, ({ seed, neededLog, perFetch, holders }) => {
      const dice = new SeededRandom(seed)
      const needed = 2 ** neededLog
      const total = 3 * needed
      const first = dice.integer(needed)
      const wanted = upTo(1 + dice.integer(needed - first)).map((at) => first + at)
      const plan = new ReadPlan({ needed, wanted, fragmentsPerFetch: perFetch })
      const held = holders.map(({ share }) => upTo(total).filter(() => dice.integer(10) < share))
      const useful = new Set(
        holders.flatMap(({ nature }, n) => (nature === 'honest' || nature === 'slow' ? (held[n] ?? []) : [])),
      )
      const step = simulate({ plan, dice, natures: holders.map(({ nature }) => nature), held, wanted })
      const enough = needed <= useful.size || wanted.every((index) => useful.has(index))
      assert.equal(step.kind, enough ? 'done' : 'short')
    }),
    { numRuns: 500 },
  )
})

/** Plays a read out to its end, by events in order of time. Checks on the way that nobody is asked in vain twice. */
function simulate(play: {
  readonly plan: ReadPlan
  readonly dice: SeededRandom
  readonly natures: readonly Nature[]
  readonly held: readonly (readonly number[])[]
  readonly wanted: readonly number[]
}): ReadStep {
  const { plan, dice, natures, held } = play
  const events: { readonly atMs: number; readonly happen: () => void }[] = []
  const refused = new Set<string>()
  const have = new Set<number>()
  let nowMs = 0
  for (const [n, indices] of held.entries()) {
    events.push({ atMs: dice.integer(50), happen: () => plan.onHolding(contact(n), indices) })
  }
  events.push({ atMs: 60, happen: () => plan.onLocated() })
  const fetch = ({ contact: { id }, indices }: Fetch): void => {
    const n = Number.parseInt(id, 16)
    const nature = natures[n]
    for (const index of indices) {
      assert.ok(held[n]?.includes(index), 'only what is offered is asked for')
      assert.ok(!have.has(index), 'what is there is not asked for')
      assert.ok(!refused.has(`${n}/${index}`), 'nobody is asked in vain twice')
    }
    const startMs = nowMs
    const end = (): void => {
      if (nature === 'busy') {
        plan.onBusy(contact(n), indices)
        return
      }
      const gives = nature === 'honest' || nature === 'slow'
      for (const index of indices) {
        if (gives) plan.onFragment(index)
        if (gives) have.add(index)
        else refused.add(`${n}/${index}`)
      }
      if (nature === 'silent' || nature === 'liar') plan.exclude(contact(n).id)
      plan.onFetchEnded(contact(n), indices, nowMs - startMs)
    }
    events.push({
      atMs: nowMs + (nature === 'slow' || nature === 'silent' ? 5_000 : 1 + dice.integer(40)),
      happen: end,
    })
  }
  for (let count = 0; count < 10_000; count++) {
    const step = plan.next(nowMs)
    if (step.kind === 'done' || step.kind === 'short') return step
    if (step.kind === 'fetch') {
      fetch(step)
      continue
    }
    events.sort((a, b) => a.atMs - b.atMs)
    const next = events[0]
    assert.ok(next !== undefined || step.untilMs !== undefined, 'a plan waits for something')
    if (next === undefined || (step.untilMs !== undefined && step.untilMs < next.atMs)) {
      assert.ok((step.untilMs ?? 0) > nowMs, 'a plan waits for later')
      nowMs = step.untilMs ?? nowMs
      continue
    }
    events.shift()
    nowMs = next.atMs
    next.happen()
  }
  assert.fail('the read has no end')
}

test('who lied before is asked only when all others are not enough', () => {
  const plan = new ReadPlan({ needed: 2, wanted: [0, 1], fragmentsPerFetch: 9 })
  plan.onHolding(contact(1), [0, 1], { isDoubted: true })
  plan.onHolding(contact(2), [2])
  plan.onHolding(contact(3), [3])
  assert.equal(steps(plan).fetches.length, 0)
  plan.onLocated()
  const { fetches } = steps(plan)
  assert.deepEqual(fetches.map((each) => each.indices).flat(), [2, 3])
  const [second, third] = fetches
  give(plan, second!)
  plan.exclude(third!.contact.id)
  plan.onFetchEnded(third!.contact, third!.indices, 10)
  const last = steps(plan)
  assert.deepEqual(
    last.fetches.map((each) => each.contact.id),
    [contact(1).id],
  )
  give(plan, last.fetches[0]!)
  assert.equal(plan.next(0).kind, 'done')
})
