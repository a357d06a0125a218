/** What people read about the health of something: the sentence first, and every number where it belongs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../../storage/objects.ts'
import { MEMORY_HEALTH } from '../../testing/memoryObjects.ts'
import { linesOf } from './health.ts'

function lines(more: Partial<Health> = {}): readonly string[] {
  return linesOf({ ...MEMORY_HEALTH, bytes: 10_000, ...more })
}

test('what is in order takes one sentence and the figures behind it', () => {
  assert.deepEqual(lines(), [
    'Survives the loss of 50 % of all nodes now, and of any 19 networks (/24).',
    'healthy: enough fragments, and no one node holds too many of them',
    '[################################] 33 of 33 fragments alive, 4 needed',
    'kept by 24 nodes in 24 networks, at most 7 % of a segment in one of them',
    'unattended it lasts 24 days (1 in 1,000 is lost earlier, if nodes leave for good after 30 days on average)',
    '9.77 KiB in 1 segment',
  ])
})

test('what is away is told apart from what is gone, and the weakest segment from the average', () => {
  const [, , bar, missing] = lines({ state: 'at-risk', alive: 17, aliveMin: 12, silent: 11, away: 16, gone: 5 })
  assert.match(bar ?? '', /12 of 33 fragments alive, 4 needed \(in its weakest segment; 17 on average\)$/)
  assert.equal(missing, 'about 16 away with 11 silent nodes, about 5 gone')
  assert.equal(lines({ aliveMin: 30, alive: 30, gone: 3 })[3], '3 gone')
})

test('the sentence never promises more than there is', () => {
  const sentence = (more: Partial<Health>): string | undefined => lines(more)[0]
  assert.match(
    sentence({ survivesNow: 0.469, survivesDomains: 1 }) ?? '',
    /of 46 % .*, and of any one network \(\/24\)\.$/,
  )
  assert.match(sentence({ survivesNow: 0.004, survivesDomains: 0 }) ?? '', /less than 1 % .*, but not of the network/)
  assert.match(sentence({ survivesDomains: 2, domainKind: 'table' }) ?? '', /, and of any 2 failure domains\.$/)
  assert.match(sentence({ survivesNow: 0, survivesDomains: 0 }) ?? '', /^Does not survive/)
  assert.equal(sentence({ state: 'lost' }), 'Cannot be rebuilt from what is left of it.')
})

test('a short time is told in hours, and never rounded up', () => {
  const time = (unattendedDays: number): string | undefined =>
    / lasts (.*) \(/.exec(lines({ unattendedDays })[4] ?? '')?.[1]
  assert.deepEqual([0.03, 0.99, 1.99, 9.99].map(time), ['less than an hour', '23 hours', '1 day', '9 days'])
})
