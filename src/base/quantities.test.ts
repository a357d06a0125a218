/** Durations and sizes as people write them, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration, parseSize, printSize } from './quantities.ts'

test('durations have a unit and become milliseconds', () => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    [' 3 S ', 3_000],
  ] as const) {
    assert.equal(parseDuration(text), ms, text)
  }
})

test('text that is no duration is told', () => {
  for (const text of ['', '30', '-1s', '0s', '1e3s', 's', '1 fortnight', '99999999999d', '1..5s', 'constructor']) {
    assert.equal(parseDuration(text), undefined, text)
  }
})

test('sizes count in thousands or in 1024s, as their unit says', () => {
  for (const [text, bytes] of [
    ['17', 17],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['1.5GiB', 1_610_612_736],
    ['10GB', 1e10],
  ] as const) {
    assert.equal(parseSize(text), bytes, text)
  }
  for (const text of ['', '0', 'GB', '5XB', '-5']) assert.equal(parseSize(text), undefined, text)
})

test('sizes are printed with three digits', () => {
  assert.equal(printSize(0), '0 B')
  assert.equal(printSize(999), '999 B')
  assert.equal(printSize(1536), '1.50 KiB')
  assert.equal(printSize(64 * 1024 * 1024), '64.0 MiB')
  assert.equal(printSize(5e14), '455 TiB')
})
