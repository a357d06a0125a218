/** The queue gives events in order of time and of scheduling, and forgets those that are cancelled or whose life has ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NOWHERE, type Deadline } from './deadlineLane.ts'
import { EventQueue, type Happening } from './eventQueue.ts'
import { Lifetime } from './lifetime.ts'

const life = new Lifetime(0)

interface Event extends Happening {
  readonly atMs: number
  readonly nth: number
  isCancelled: boolean
}

/** Events and deadlines that say what they are when they happen, on a queue of their own. */
class Rig {
  readonly queue = new EventQueue()
  happened: unknown
  private count = 0

  push(atMs: number, owner = life): Event {
    const event: Event = {
      atMs,
      nth: this.count++,
      life: owner,
      isCancelled: false,
      isOff: () => event.isCancelled,
      happen: () => {
        this.happened = event
      },
    }
    this.queue.push(atMs, event)
    return event
  }

  cancel(event: Event): void {
    event.isCancelled = true
    this.queue.onCancelled()
  }

  pushDeadline(nowMs: number, delayMs: number, owner = life): TestDeadline {
    const deadline = new TestDeadline(this, owner, { atMs: nowMs + delayMs, nth: this.count++ })
    this.queue.pushDeadline(nowMs, delayMs, deadline)
    return deadline
  }

  /** What happens next; undefined when nothing does. */
  next(): unknown {
    this.happened = undefined
    this.queue.pop()?.happen()
    return this.happened
  }
}

class TestDeadline implements Deadline {
  readonly owner: Lifetime
  readonly atMs: number
  readonly nth: number
  place = NOWHERE
  private readonly rig: Rig

  constructor(rig: Rig, owner: Lifetime, moment: { atMs: number; nth: number }) {
    this.rig = rig
    this.owner = owner
    this.atMs = moment.atMs
    this.nth = moment.nth
  }

  pass(): void {
    assert.equal(this.place, NOWHERE)
    this.rig.happened = this
  }
}

function byTime(a: { atMs: number; nth: number }, b: { atMs: number; nth: number }): number {
  return a.atMs - b.atMs || a.nth - b.nth
}

test('events come in order of time, and those of one instant in the order they were scheduled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const rig = new Rig()
      const events = times.map((atMs) => rig.push(atMs)).sort(byTime)
      for (const event of events) assert.equal(rig.next(), event)
      assert.equal(rig.next(), undefined)
    }),
  )
})

test('against a sorted list, under any mix of scheduling, cancelling and taking', () => {
  const step = fc.record({ what: fc.constantFrom('push', 'push', 'cancel', 'pop'), number: fc.nat(1000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const rig = new Rig()
      let model: Event[] = []
      for (const { what, number } of steps) {
        if (what === 'push') model.push(rig.push(number))
        model.sort(byTime)
        if (what === 'pop') assert.equal(rig.next(), model.shift())
        const victim = model[number % Math.max(1, model.length)]
        if (what === 'cancel' && victim !== undefined) {
          rig.cancel(victim)
          model = model.filter((event) => event !== victim)
        }
        assert.equal(rig.queue.nextMs(), model[0]?.atMs ?? Infinity)
      }
    }),
  )
})

test('deadlines come between the other events as if all stood in one list, under any mix of steps', () => {
  // More different delays than there are lanes.
  const step = fc.record({ what: fc.constantFrom('push', 'deadline', 'cancel', 'pop'), number: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const rig = new Rig()
      let nowMs = 0
      let model: { event: Event | TestDeadline; delayMs: number }[] = []
      for (const { what, number } of steps) {
        if (what === 'push') model.push({ event: rig.push(nowMs + number), delayMs: number })
        if (what === 'deadline') model.push({ event: rig.pushDeadline(nowMs, number), delayMs: number })
        model.sort((a, b) => byTime(a.event, b.event))
        if (what === 'pop') {
          const expected = model.shift()?.event
          assert.equal(rig.next(), expected)
          nowMs = expected?.atMs ?? nowMs
        }
        const victim = model[number % Math.max(1, model.length)]
        if (what === 'cancel' && victim !== undefined) {
          if (victim.event instanceof TestDeadline) rig.queue.cancelDeadline(victim.event, victim.delayMs)
          else rig.cancel(victim.event)
          model = model.filter((each) => each !== victim)
        }
        assert.equal(rig.queue.nextMs(), model[0]?.event.atMs ?? Infinity)
      }
    }),
  )
})

test('cancelling a deadline that has passed or was cancelled does nothing', () => {
  const rig = new Rig()
  const [first, second] = [rig.pushDeadline(0, 10), rig.pushDeadline(1, 10)]
  assert.equal(rig.next(), first)
  rig.queue.cancelDeadline(first, 10)
  rig.queue.cancelDeadline(second, 10)
  rig.queue.cancelDeadline(second, 10)
  const third = rig.pushDeadline(2, 10)
  assert.equal(rig.next(), third)
  assert.equal(rig.queue.size, 0)
})

test('a hundred thousand cancelled deadlines do not stay, and those of an ended life do not pass', () => {
  const rig = new Rig()
  const other = new Lifetime(1)
  const kept: TestDeadline[] = []
  for (let i = 0; i < 100_000; i++) {
    const owner = i % 50 === 1 ? other : life
    const deadline = rig.pushDeadline(i, 3000, owner)
    if (i % 50 === 0) kept.push(deadline)
    else if (owner === life) rig.queue.cancelDeadline(deadline, 3000)
  }
  assert.ok(rig.queue.size < 12_000, `${rig.queue.size} are still there`)
  other.end()
  for (const deadline of kept) assert.equal(rig.next(), deadline)
  assert.equal(rig.next(), undefined)
})

test('deadlines that have passed do not stay', () => {
  const rig = new Rig()
  for (let i = 0; i < 10_000; i++) {
    const deadline = rig.pushDeadline(i, 10)
    if (i % 3 !== 0) assert.equal(rig.next(), deadline)
    else rig.queue.cancelDeadline(deadline, 10)
  }
  assert.ok(rig.queue.size < 3000, `${rig.queue.size} are still there`)
  assert.equal(rig.queue.nextMs(), Infinity)
})

test('a hundred thousand cancelled events do not stay, and sweeping them out keeps the order of the others', () => {
  const rig = new Rig()
  const kept: Event[] = []
  for (let i = 0; i < 100_000; i++) {
    const event = rig.push((i * 7919) % 10_007)
    if (i % 50 === 0) kept.push(event)
    else rig.cancel(event)
  }
  assert.ok(rig.queue.size < 6000, `${rig.queue.size} are still there`)
  for (const event of kept.sort(byTime)) assert.equal(rig.next(), event)
  assert.equal(rig.next(), undefined)
})

test('the events of a life that has ended are passed over', () => {
  const rig = new Rig()
  const other = new Lifetime(1)
  rig.push(1, other)
  const kept = rig.push(2)
  other.end()
  assert.equal(rig.queue.nextMs(), 2)
  assert.equal(rig.next(), kept)
  assert.equal(rig.next(), undefined)
})
