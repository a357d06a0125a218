/** Files have the shape the project wants, and the rules would see it if they had not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishedSources } from './package.ts'
import { isCode, projectFiles } from './project.ts'
import { badNames, leftBehind, tooLong, withoutPurpose } from './shape.ts'

const files = projectFiles()
const paths = files.map(({ path }) => path)

test('every code file opens with its purpose', () => {
  assert.ok(files.filter(isCode).length > 20, 'the project has code')
  assert.deepEqual(withoutPurpose(files), [])
})

test('no code file is over 500 lines', () => {
  assert.deepEqual(tooLong(files), [])
})

test('no vague name, and index.ts for published entries only', () => {
  assert.deepEqual(badNames(paths, publishedSources()), [])
})

test('no unfinished work, test left out, machine path or registry host', () => {
  assert.deepEqual(leftBehind(files), [])
})

test('a file without a purpose is reported, with a shebang or without', () => {
  const purpose = '/** What this file is for, in one sentence. */\n'
  const opens = (text: string): boolean => withoutPurpose([{ path: 'src/a.ts', text }]).length === 0
  assert.ok(opens(`${purpose}export {}\n`))
  assert.ok(opens(`#!/usr/bin/env node\n${purpose}export {}\n`))
  assert.ok(!opens(`import './b.ts'\n${purpose}`))
  assert.ok(!opens('/** Types. */\nexport {}\n'))
})

test('a file of 501 lines is reported, one of 500 is not', () => {
  const lines = (count: number): string => 'x\n'.repeat(count)
  assert.deepEqual(tooLong([{ path: 'src/a.ts', text: lines(500) }]), [])
  assert.deepEqual(tooLong([{ path: 'src/a.ts', text: lines(501) }]), ['src/a.ts: 501 lines, of at most 500'])
})

test('vague names are reported as folder, file and part of a file name', () => {
  for (const path of ['src/utils/a.ts', 'src/base/helpers.ts', 'src/base/common.test.ts', 'src/node/peer-manager.ts']) {
    assert.equal(badNames([path], []).length, 1, path)
  }
  assert.deepEqual(badNames(['src/base/bytes.ts', 'docs/commons.md'], []), [])
})

test('an index.ts inside src is reported unless it is published', () => {
  assert.equal(badNames(['src/wire/index.ts'], []).length, 1)
  assert.deepEqual(badNames(['src/testing/index.ts'], ['src/testing/index.ts']), [])
})

test('marks left behind are reported with their line', () => {
  const planted = [
    '// TO' + 'DO',
    'test.sk' + "ip('x')",
    '{ to' + 'do: true }',
    "'/ho" + "me/someone'",
    'https://regis' + 'try.org',
  ]
  for (const line of planted) {
    assert.match(leftBehind([{ path: 'a.test.ts', text: `fine\n${line}\n` }])[0] ?? '', /^a\.test\.ts:2: /, line)
  }
})

test('words that only look like marks are not reported', () => {
  const text = "iterator.skip(2)\nread('./tmp/x')\nthis.registry.handlers.get(kind)\n"
  assert.deepEqual(leftBehind([{ path: 'src/a.ts', text }]), [])
})
