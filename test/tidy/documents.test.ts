/** Documents keep what they promise, and the rules would see it if they did not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadLinks, undocumentedFlags, undocumentedVariables, unexplainedDependencies } from './documents.ts'
import { hollowEntries, readPackage } from './package.ts'
import { projectFiles } from './project.ts'

const files = projectFiles()

test('every relative link in the documents leads somewhere', () => {
  assert.deepEqual(deadLinks(files, new Set(files.map(({ path }) => path))), [])
})

test('every runtime dependency has its reason in CONTRIBUTING.md', () => {
  const contributing = files.find(({ path }) => path === 'CONTRIBUTING.md')?.text ?? ''
  assert.deepEqual(unexplainedDependencies(Object.keys(readPackage().dependencies), contributing), [])
})

test('every flag of the commands is documented', () => {
  assert.deepEqual(undocumentedFlags(files), [])
})

test('every environment variable is documented', () => {
  assert.deepEqual(undocumentedVariables(files), [])
})

test('something stands behind every entry of the package', () => {
  const file = readPackage()
  assert.deepEqual(hollowEntries(file), [])
})

test('dead links are reported: to files, to headings, as images and as references', () => {
  const text =
    '# One thing\n[a](b.md) [c](#one-thing) ![d](<e.png>) <img src="f.svg">\n[g]: h.md\n[i](j.md#k) `[no](x.md)`\n'
  const other = { path: 'docs/j.md', text: '# Not k\n' }
  const dead = deadLinks([{ path: 'docs/a.md', text }, other], new Set(['docs/a.md', 'docs/j.md']))
  assert.deepEqual(
    dead.map((line) => line.split(' ')[1]),
    ['b.md', 'e.png', 'j.md#k', 'h.md', 'f.svg'],
  )
})

test('links to folders, upwards, to the web and inside code are not reported', () => {
  const text = '[a](../src) [b](https://example.org/x) [c](../README.md)\n```\n[d](nowhere.md)\n```\n'
  const paths = new Set(['docs/a.md', 'src/base/bytes.ts', 'README.md'])
  assert.deepEqual(deadLinks([{ path: 'docs/a.md', text }], paths), [])
})

test('a dependency without a row, or with an empty one, is reported', () => {
  const table = '| package | why |\n| `hono` | routes HTTP requests and nothing else |\n| `pino` | |\n'
  assert.deepEqual(unexplainedDependencies(['hono', 'pino', 'lmdb'], table), [
    'CONTRIBUTING.md: no reason for pino',
    'CONTRIBUTING.md: no reason for lmdb',
  ])
})

test('an undocumented flag is reported, however it is declared', () => {
  const text = `command.option('-n, --nodes <count>').requiredOption(\n  '--seed <text>', 'x')\nnew Option('--no-color')`
  const command = { path: 'src/cli/testnet.ts', text }
  const page = { path: 'docs/cli.md', text: '`--nodes-max` and `--seed <text>`' }
  assert.deepEqual(undocumentedFlags([command, page]), [
    'docs/: --nodes is not documented',
    'docs/: --no-color is not documented',
  ])
})

test('an undocumented environment variable is reported', () => {
  const source = { path: 'src/cli/a.ts', text: 'env.MAINFRAME_HOME ?? env.MAINFRAME_LOG_LEVEL' }
  const page = { path: 'docs/cli.md', text: '| `MAINFRAME_HOME` | where |' }
  assert.deepEqual(undocumentedVariables([source, page]), ['docs/cli.md: MAINFRAME_LOG_LEVEL is not documented'])
  assert.equal(undocumentedVariables([source]).length, 2)
})

test('an export and a command with nothing behind them are reported', () => {
  const file = {
    bin: { mainframe: 'bin/mainframe.js' },
    exports: { './testing': { types: './dist/testing/index.d.ts', default: './dist/testing/index.js' } },
    dependencies: {},
  }
  assert.equal(hollowEntries(file, () => false).length, 3)
  assert.deepEqual(
    hollowEntries(file, (path) => ['bin/mainframe.js', 'src/testing/index.ts'].includes(path)),
    [],
  )
})
