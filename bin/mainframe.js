#!/usr/bin/env node
/**
 * The `mainframe` command. As published it runs what is built. In a source checkout it runs the sources, after installing what
 * is missing, in this process when this Node can do that and else in the pinned one. stdout is left to the command's data.
 */
import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endWithNpm } from './lifeline.js'

const source = new URL('../src/cli/main.ts', import.meta.url)

endWithNpm()
if (existsSync(source)) await runSource()
else await run(new URL('../dist/cli/main.js', import.meta.url))

async function runSource() {
  const { ensureInstalled, pinnedNode, runsTypeScript } = await import('../scripts/install.mjs')
  ensureInstalled()
  if (runsTypeScript()) {
    await run(source)
  } else {
    const { become } = await import('../scripts/child.mjs')
    become(pinnedNode(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  }
}

/** @param {URL} program */
async function run(program) {
  // Nothing else runs for longer than a call.
  if (process.argv[2] === 'up') await tuneNode(program)
  await import(program.href)
}

/** @param {URL} program */
async function tuneNode(program) {
  const file = new URL(`../daemon/tuning${extname(program.pathname)}`, program)
  const tuning = /** @type {typeof import('../src/daemon/tuning.ts')} */ (await import(file.href))
  tuning.tuneNode()
}
