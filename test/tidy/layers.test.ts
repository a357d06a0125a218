/** The layers hold in this project, and the rules would see it if they did not. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { impureImports, layerViolations, MAY_IMPORT } from './layers.ts'
import { projectFiles, ROOT, type ProjectFile } from './project.ts'

test('imports point down only', () => {
  assert.deepEqual(layerViolations(projectFiles()), [])
})

test('the core imports no platform and no package but the listed ones', () => {
  const core = JSON.parse(readFileSync(join(ROOT, 'tsconfig.core.json'), 'utf8')) as { include: string[] }
  assert.deepEqual(impureImports(projectFiles(), core.include), [])
})

test('no layer may import one that may import it', () => {
  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    for (const below of allowed) assert.ok(MAY_IMPORT[below]?.includes(folder) === false, `${folder} and ${below}`)
  }
})

test('an import that points up is reported, however it is written', () => {
  const lines = [
    `import { x } from '../node/node.ts'`,
    `import type { X } from '../node/node.ts'`,
    `export * from '../node/node.ts'`,
    `const later = await import('../node/node.ts')`,
  ]
  for (const line of lines) {
    assert.deepEqual(layerViolations([source('src/wire/a.ts', line)]), [
      'src/wire/a.ts: wire may not import ../node/node.ts',
    ])
  }
})

test('an import of the own folder or of one below is not reported', () => {
  const text = `import './b.ts'\nimport '../base/bytes.ts'\nimport '../coding/kernel/kernel.ts'`
  assert.deepEqual(layerViolations([source('src/wire/a.ts', text)]), [])
})

test('siblings may not import one another', () => {
  assert.equal(layerViolations([source('src/mail/a.ts', `import '../records/record.ts'`)]).length, 1)
  assert.equal(layerViolations([source('src/storage/a.ts', `import '../mail/mail.ts'`)]).length, 1)
})

test('a test may import the world and a generator, its source may not', () => {
  for (const text of [`import '../sim/world.ts'`, `import '../../scripts/vectors.ts'`]) {
    assert.deepEqual(layerViolations([source('src/overlay/a.test.ts', text)]), [])
    assert.equal(layerViolations([source('src/overlay/a.ts', text)]).length, 1)
  }
})

test('an import out of src and a folder without a place are reported', () => {
  assert.equal(layerViolations([source('src/cli/a.ts', `import '../../test/tidy/project.ts'`)]).length, 1)
  assert.equal(layerViolations([source('src/elsewhere/a.ts', '')]).length, 1)
})

test('platform modules and unlisted packages are reported in the core alone', () => {
  const text = `import fs from 'node:fs'\nimport { encode } from 'cborg'\nimport { x } from 'cborg-too'`
  assert.deepEqual(impureImports([source('src/base/a.ts', text)], ['src/base']), [
    'src/base/a.ts: the core may not import node:fs',
    'src/base/a.ts: the core may not import cborg-too',
  ])
  assert.deepEqual(impureImports([source('src/cli/a.ts', text)], ['src/base']), [])
})

function source(path: string, text: string): ProjectFile {
  return { path, text }
}
