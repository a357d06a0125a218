/**
 * Runs the worlds of test/worldDigests.ts under each Node that is named, or under this one, and holds their digests against those
 * written down in test/worldDigests.json. `--write` writes down what this Node gives: right after a change to the simulation or to
 * a protocol, and at no other time.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { WORLDS } from '../test/worldDigests.ts'

const WRITTEN_DOWN = new URL('../test/worldDigests.json', import.meta.url)

const args = process.argv.slice(2)
if (args.includes('--print')) process.stdout.write(await digests())
else if (args.includes('--write')) writeFileSync(WRITTEN_DOWN, await digests())
else compare(args.length === 0 ? [process.execPath] : args)

/** Ends with 1 when one of the Nodes gives other digests than those written down. */
function compare(nodes: readonly string[]): void {
  const expected = readFileSync(WRITTEN_DOWN, 'utf8')
  for (const node of nodes) {
    const version = run(node, ['--version']).trim()
    const actual = run(node, [import.meta.filename, '--print'])
    console.log(actual === expected ? `same under ${version}` : `other under ${version}:\n${actual}`)
    if (actual !== expected) process.exitCode = 1
  }
}

/** What a Node prints. */
function run(node: string, command: readonly string[]): string {
  return execFileSync(node, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

async function digests(): Promise<string> {
  const found: Record<string, string> = {}
  for (const [name, world] of Object.entries(WORLDS)) found[name] = await world()
  return `${JSON.stringify(found, null, 2)}\n`
}
