/** The queue gives events in order of time and of scheduling, and forgets those that are cancelled or whose life has ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventQueue, happen } from './eventQueue.ts'
import { Lifetime } from './lifetime.ts'

const life = new Lifetime(0)

function drain(queue: EventQueue): void {
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) happen(event)
}

test('events come in order of time, and those of one instant in the order they were scheduled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const queue = new EventQueue()
      const happened: { atMs: number; nth: number }[] = []
      times.forEach((atMs, nth) => queue.push(atMs, life, () => happened.push({ atMs, nth })))
      drain(queue)
      const expected = times.map((atMs, nth) => ({ atMs, nth })).sort((a, b) => a.atMs - b.atMs || a.nth - b.nth)
      assert.deepEqual(happened, expected)
    }),
  )
})

test('against a sorted list, under any mix of scheduling, cancelling and taking', () => {
  const step = fc.record({ what: fc.constantFrom('push', 'push', 'cancel', 'pop'), number: fc.nat(1000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new EventQueue()
      let model: ReturnType<EventQueue['push']>[] = []
      for (const { what, number } of steps) {
        if (what === 'push') model.push(queue.push(number, life, () => undefined))
        model.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
        if (what === 'pop') assert.equal(queue.pop(), model.shift())
        const victim = model[number % Math.max(1, model.length)]
        if (what === 'cancel' && victim !== undefined) {
          queue.cancel(victim)
          queue.cancel(victim)
          model = model.filter((event) => event !== victim)
        }
        assert.equal(queue.nextMs(), model[0]?.atMs ?? Infinity)
      }
    }),
  )
})

test('deadlines come between the other events as if all stood in one list, under any mix of steps', () => {
  const step = fc.record({ what: fc.constantFrom('push', 'deadline', 'cancel', 'pop'), number: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new EventQueue()
      let nowMs = 0
      let model: { event: ReturnType<EventQueue['push']>; delayMs: number | undefined }[] = []
      for (const { what, number } of steps) {
        if (what === 'push') {
          model.push({ event: queue.push(nowMs + number, life, () => undefined), delayMs: undefined })
        }
        if (what === 'deadline') {
          const event = queue.pushDeadline(nowMs, number, life, { happen: () => undefined })
          model.push({ event, delayMs: number })
        }
        model.sort((a, b) => a.event.atMs - b.event.atMs || a.event.order - b.event.order)
        if (what === 'pop') {
          const popped = queue.pop()
          assert.equal(popped, model.shift()?.event)
          nowMs = popped?.atMs ?? nowMs
        }
        const victim = model[number % Math.max(1, model.length)]
        if (what === 'cancel' && victim !== undefined) {
          if (victim.delayMs === undefined) queue.cancel(victim.event)
          else queue.cancelDeadline(victim.event, victim.delayMs)
          model = model.filter((each) => each !== victim)
        }
        assert.equal(queue.nextMs(), model[0]?.event.atMs ?? Infinity)
      }
    }),
  )
})

test('a hundred thousand cancelled deadlines do not stay, and those of an ended life do not pass', () => {
  const queue = new EventQueue()
  const other = new Lifetime(1)
  const kept: ReturnType<EventQueue['push']>[] = []
  for (let i = 0; i < 100_000; i++) {
    const owner = i % 50 === 1 ? other : life
    const event = queue.pushDeadline(i, 3000, owner, { happen: () => undefined })
    if (i % 50 === 0) kept.push(event)
    else if (owner === life) queue.cancelDeadline(event, 3000)
  }
  assert.ok(queue.size < 12_000, `${queue.size} are still there`)
  other.end()
  for (const event of kept) assert.equal(queue.pop(), event)
  assert.equal(queue.pop(), undefined)
})

test('a hundred thousand cancelled timers do not stay, and sweeping them out keeps the order of the others', () => {
  const queue = new EventQueue()
  const kept: ReturnType<EventQueue['push']>[] = []
  for (let i = 0; i < 100_000; i++) {
    const event = queue.push((i * 7919) % 10_007, life, () => undefined)
    if (i % 50 === 0) kept.push(event)
    else queue.cancel(event)
  }
  assert.ok(queue.size < 6000, `${queue.size} are still there`)
  kept.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
  for (const event of kept) assert.equal(queue.pop(), event)
  assert.equal(queue.pop(), undefined)
})

test('the events of a life that has ended are passed over', () => {
  const queue = new EventQueue()
  const other = new Lifetime(1)
  queue.push(1, other, () => undefined)
  const kept = queue.push(2, life, () => undefined)
  other.end()
  assert.equal(queue.nextMs(), 2)
  assert.equal(queue.pop(), kept)
  assert.equal(queue.pop(), undefined)
})
