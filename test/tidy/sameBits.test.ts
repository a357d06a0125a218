/** The simulated world computes the same bits on every engine, and the rules would see it if it did not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { projectFiles } from './project.ts'
import { inexactCalls } from './sameBits.ts'

/** Everything that runs in a world. */
const FOLDERS = ['src/sim', 'src/node']

const FAR_OFF = 'compared with bounds that lie far from every result, so that the last bit decides nothing'
const WHOLE = 'a whole power far below 2^53, which every engine has exactly'

/** Files with inexact calls that decide nothing, and why. For others there is base/exactMath.ts. */
const HARMLESS: Readonly<Record<string, string>> = {
  'src/coding/code.ts': FAR_OFF,
  'src/sim/fabric.ts': WHOLE,
  'src/storage/root.ts': WHOLE,
  'src/storage/stripeLists.ts': WHOLE,
}

test('what runs in the simulated world leaves no bit to the engine', () => {
  const calls = inexactCalls(projectFiles(), FOLDERS)
  assert.deepEqual(
    calls.filter((call) => !Object.hasOwn(HARMLESS, call.split(':')[0] ?? '')),
    [],
  )
})

test('an inexact call is reported, also where it is imported, with its line', () => {
  const files = [
    { path: 'src/sim/a.ts', text: `/** Math.log\n*/\nimport '../base/b.ts'\nconst x = 10 ** y // Math.exp` },
    { path: 'src/base/b.ts', text: 'const z = Math.pow(2, 3)\n' },
    { path: 'src/base/c.ts', text: 'const z = Math.log(2)\n' },
    { path: 'src/sim/a.test.ts', text: 'const z = Math.sin(2)\n' },
  ]
  assert.deepEqual(inexactCalls(files, ['src/sim']), [
    'src/base/b.ts:1: const z = Math.pow(2, 3)',
    'src/sim/a.ts:4: const x = 10 ** y',
  ])
})

test('powers of two, square roots and whole numbers are not reported', () => {
  const text = 'const x = 2 ** n + Math.sqrt(y) + Math.floor(z) + Math.expected\nconst w = 2 ** -30'
  assert.deepEqual(inexactCalls([{ path: 'src/sim/a.ts', text }], ['src/sim']), [])
})
