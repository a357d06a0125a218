/** Emits what is published into dist/: JavaScript and declarations by tsc, and beside them the files that are not TypeScript. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './install.mjs'

const dist = join(ROOT, 'dist')
rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'tsconfig.build.json')],
  { stdio: 'inherit' },
)
if (status !== 0) process.exit(1)

const sources = globSync('**/*.{wasm,html,css,svg,json}', { cwd: join(ROOT, 'src'), exclude: ['**/assembly/**'] })
for (const path of sources) cpSync(join(ROOT, 'src', path), join(dist, path))
if (!existsSync(dist)) throw new Error('nothing was built')
