/**
 * What the scripts of package.json call: installs what is missing, then runs one command with the pinned Node. Further
 * arguments are handed on, so `npm start -- --nodes 40` works.
 */
import { endWithNpm } from '../bin/lifeline.js'
import { become } from './child.mjs'
import { ensureInstalled, pinnedNode, ROOT } from './install.mjs'

/** @type {Readonly<Record<string, readonly string[]>>} */
const COMMANDS = {
  start: ['bin/mainframe.js', 'testnet', '--nodes', '24'],
  test: ['scripts/check.ts', '--all'],
  check: ['scripts/check.ts'],
  lint: ['node_modules/eslint/bin/eslint.js', '.'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level', 'warn', '.'],
  build: ['scripts/build.ts'],
  readme: ['scripts/readme.ts'],
  resilience: ['resilience/main.ts'],
  soak: ['soak/main.ts'],
  bench: ['bench/system.ts'],
  'bench:hostile': ['bench/hostile.ts'],
  'bench:kernel': ['bench/kernel.ts'],
  'bench:overlay': ['bench/overlay.ts'],
  'bench:path': ['bench/path.ts'],
  'bench:tls': ['bench/tls.ts'],
  'bench:world': ['bench/world.ts'],
}

const [name = '', ...rest] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]\n`)
  process.exit(2)
}
ensureInstalled()
endWithNpm()
become(pinnedNode(), [...command, ...rest], { cwd: ROOT })
