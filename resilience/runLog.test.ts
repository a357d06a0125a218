/** An interrupted run is taken up where it stopped. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { RunLog } from './runLog.ts'

const measured = { scenario: 'A0', lines: ['x 1', 'x 2'], seed: 3, size: { nodes: 10, trials: 5 } }
const measurement = { values: [0.1, 1], cpuMs: 7 }

function folderOf(context: TestContext): URL {
  const folder = mkdtempSync(join(tmpdir(), 'runs-'))
  context.after(() => {
    rmSync(folder, { recursive: true })
  })
  return pathToFileURL(`${folder}/`)
}

test('what was measured is found again by lines, seed, size and commit, and by nothing else', (context) => {
  const folder = folderOf(context)
  new RunLog('abc', folder).append(measured, measurement)
  const log = new RunLog('abc', folder)
  assert.equal(log.find(measured), undefined)
  log.load()
  assert.deepEqual(log.find(measured), measurement)
  assert.equal(log.find({ ...measured, seed: 4 }), undefined)
  assert.equal(log.find({ ...measured, lines: ['x 1'] }), undefined)
  assert.equal(log.find({ ...measured, size: { nodes: 20, trials: 5 } }), undefined)
  const other = new RunLog('abd', folder)
  other.load()
  assert.equal(other.find(measured), undefined)
})

test('a line that a killed run left half written costs only itself', (context) => {
  const folder = folderOf(context)
  const log = new RunLog('abc', folder)
  log.append({ ...measured, seed: 1 }, measurement)
  appendFileSync(new URL('abc.jsonl', folder), '{"scenario":"A0","li')
  log.append({ ...measured, seed: 2 }, measurement)
  log.load()
  assert.deepEqual(log.find({ ...measured, seed: 1 }), measurement)
  assert.deepEqual(log.find({ ...measured, seed: 2 }), measurement)
})
