/** Links take as long as they are told, lose packets as often, and one link's traffic does not change another's luck. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Links, RETRANSMIT_MS_MIN } from './links.ts'

test('every pair has a fixed delay in the range, the same both ways, and pairs differ', () => {
  const links = new Links(1, { delayMs: [5, 80] })
  const delays = new Set<number>()
  for (let to = 1; to <= 200; to++) {
    const delayMs = links.transitMs(0, to, 10)
    assert.ok(delayMs >= 5 && delayMs < 80)
    assert.equal(links.transitMs(0, to, 99), delayMs)
    assert.equal(links.transitMs(to, 0, 10), delayMs)
    delays.add(delayMs)
  }
  assert.ok(delays.size > 190)
})

test('a latency model of one’s own takes the range’s place', () => {
  const links = new Links(1, { latencyMs: (from, to) => 10 * Math.abs(from - to) })
  assert.equal(links.transitMs(3, 7, 0), 40)
})

test('jitter adds up to its bound and differs between messages, also of one instant', () => {
  const links = new Links(1, { delayMs: [10, 10], jitterMs: 4 })
  const transits = Array.from({ length: 1000 }, (_, i) => links.transitMs(0, 1, i >> 1))
  assert.ok(transits.every((ms) => ms >= 10 && ms < 14))
  assert.ok(new Set(transits).size > 990)
})

test('a lost packet comes a retransmission later, as often as the loss says, and twice as late when lost again', () => {
  const links = new Links(1, { delayMs: [10, 10], loss: 0.2 })
  const late = Array.from({ length: 10_000 }, (_, atMs) => (links.transitMs(0, 1, atMs) - 10) / RETRANSMIT_MS_MIN)
  const shares = [0, 1, 3, 7].map((waits) => late.filter((ms) => Math.abs(ms - waits) < 1e-9).length / late.length)
  for (const [losses, expected] of [0.8, 0.16, 0.032, 0.0064].entries()) {
    const share = shares[losses] ?? 0
    assert.ok(Math.abs(share - expected) < 0.015, `${losses} losses: ${share} instead of ${expected}`)
  }
})

test('what other links carry changes nothing for a link', () => {
  const options = { delayMs: [5, 80], jitterMs: 20, loss: 0.3 } as const
  const message = fc.record({ from: fc.nat(5), to: fc.nat(5), atMs: fc.nat(10) })
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      const [quiet, busy] = [new Links(9, options), new Links(9, options)]
      for (const { from, to, atMs } of [...messages].sort((a, b) => a.atMs - b.atMs)) {
        const isOurs = from === 0 && to === 1
        const busyMs = busy.transitMs(from, to, atMs)
        if (isOurs) assert.equal(quiet.transitMs(from, to, atMs), busyMs)
      }
    }),
  )
})

test('the seed decides', () => {
  const transit = (seed: number): number => new Links(seed, { delayMs: [5, 80], jitterMs: 5 }).transitMs(1, 2, 3)
  assert.equal(transit(1), transit(1))
  assert.notEqual(transit(1), transit(2))
})

test('a cut stops one direction until it is mended or everything is healed', () => {
  const links = new Links(1)
  const mend = links.cut([0, 1], [2])
  links.cut([5], [6])
  assert.ok(links.isCut(0, 2) && links.isCut(1, 2) && links.isCut(5, 6))
  assert.ok(!links.isCut(2, 0) && !links.isCut(0, 1))
  mend()
  assert.ok(!links.isCut(0, 2) && links.isCut(5, 6))
  links.heal()
  assert.ok(!links.isCut(5, 6))
})

test('a slow link adds its time, a clogged one holds messages until it opens', () => {
  const links = new Links(1, { delayMs: [10, 10] })
  links.slow(0, 1, 500)
  links.clog(1, 0, 1000)
  assert.equal(links.transitMs(0, 1, 0), 510)
  assert.equal(links.transitMs(1, 0, 400), 610)
  assert.equal(links.transitMs(1, 0, 1001), 10)
  links.heal()
  assert.equal(links.transitMs(0, 1, 0), 10)
})

test('what hinders a set of links spares the others, and ends when told or when all is healed', () => {
  const links = new Links(1, { delayMs: [10, 10] })
  const end = links.hinder((from, to) => from === 0 || to === 0, { extraMs: 500 })
  links.hinder((_, to) => to === 1, { untilMs: 1000 })
  links.hinder((_, to) => to === 1, { untilMs: 900 })
  assert.deepEqual([links.transitMs(2, 3, 0), links.transitMs(3, 0, 0)], [10, 510])
  assert.deepEqual([links.transitMs(0, 1, 400), links.transitMs(2, 1, 400)], [1110, 610])
  end()
  assert.deepEqual([links.transitMs(3, 0, 0), links.transitMs(2, 1, 1001)], [10, 10])
  links.heal()
  assert.equal(links.transitMs(2, 1, 0), 10)
})

test('a narrow uplink sends one message after the other, control beside bulk', () => {
  const links = new Links(1, { uplinkBytesPerSecond: (node) => (node === 0 ? 1000 : undefined) })
  assert.equal(links.departureMs(0, 500, 'bulk', 0), 500)
  assert.equal(links.departureMs(0, 500, 'bulk', 100), 1000)
  assert.equal(links.departureMs(0, 100, 'control', 100), 200)
  assert.equal(links.departureMs(0, 1000, 'bulk', 5000), 6000)
  assert.equal(links.departureMs(1, 1e9, 'bulk', 7), 7)
})
