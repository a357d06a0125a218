/** When holders that went are a partition, over all stripes that one node looks after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../base/id.ts'
import { HOUR } from '../base/units.ts'
import { tinyId } from '../testing/tinyId.ts'
import { Departures } from './departures.ts'
import { DAMPED_GRACES } from './limits.ts'

const GRACE_MS = 8 * HOUR
const HOLDERS = Array.from({ length: 100 }, (_, node) => tinyId(node + 1, 16))

/** Looks once an hour at stripes of ten holders each, of whom those that `isAway` says show nothing. */
class Watch {
  readonly departures = new Departures(GRACE_MS)
  private readonly shown = new Map<number, readonly NodeId[]>()

  look(hour: number, isAway: (node: number) => boolean): void {
    for (let stripe = 0; stripe < 30; stripe++) {
      const members = Array.from({ length: 10 }, (_, at) => (stripe * 7 + at * 11) % HOLDERS.length)
      const now = members.filter((node) => !isAway(node)).map((node) => HOLDERS[node] as NodeId)
      this.departures.onRound(this.shown.get(stripe) ?? [], now, hour * HOUR)
      this.shown.set(stripe, now)
    }
  }

  outlookAfter(hours: number, isAway: (node: number, hour: number) => boolean, fromHour = 0): string {
    for (let hour = fromHour; hour < hours; hour++) this.look(hour, (node) => isAway(node, hour))
    return this.departures.outlook(hours * HOUR)
  }
}

test('half of all holders gone together is a mass departure until they are back', () => {
  const watch = new Watch()
  const half = (node: number, hour: number): boolean => node % 2 === 0 && hour >= 10
  assert.equal(watch.outlookAfter(13, half), 'unknown')
  assert.equal(watch.outlookAfter(18, half, 13), 'mass')
  assert.equal(watch.outlookAfter(40, half, 18), 'mass')
  assert.equal(
    watch.outlookAfter(60, () => false, 40),
    'calm',
  )
})

test('those who stay away are gone in the end, and what is left is calm', () => {
  const watch = new Watch()
  const half = (node: number, hour: number): boolean => node % 2 === 0 && hour >= 10
  const overHours = 10 + DAMPED_GRACES * 8
  assert.equal(watch.outlookAfter(overHours - 1, half), 'mass')
  assert.equal(watch.outlookAfter(overHours + 1, half, overHours - 1), 'calm')
})

test('a third is no mass departure, nor is half that goes one after the other', () => {
  assert.equal(
    new Watch().outlookAfter(70, (node, hour) => node % 3 === 0 && hour >= 55),
    'calm',
  )
  assert.equal(
    new Watch().outlookAfter(120, (node, hour) => node % 2 === 0 && hour >= 20 + node),
    'calm',
  )
})

test('who comes and goes by the hour is not away', () => {
  assert.equal(
    new Watch().outlookAfter(70, (node, hour) => node < 70 && (node + hour) % 4 !== 0),
    'calm',
  )
})

test('who begins to look while half is gone cannot tell calm from it', () => {
  const watch = new Watch()
  const half = (node: number): boolean => node % 2 === 0
  assert.equal(watch.outlookAfter(40, half), 'unknown')
})

test('few holders tell nothing', () => {
  const departures = new Departures(GRACE_MS)
  for (let hour = 0; hour < 100; hour++) departures.onRound(HOLDERS.slice(0, 12), HOLDERS.slice(0, 6), hour * HOUR)
  assert.equal(departures.outlook(100 * HOUR), 'unknown')
})
