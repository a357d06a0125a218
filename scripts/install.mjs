/**
 * Makes a source checkout runnable: installs what package-lock.json names when it is absent or differs, and finds the Node that
 * the project pins. Plain JavaScript without dependencies, because it runs before there are any, on Node 18 or newer.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What `engines` in package.json asks for: the first Node that runs TypeScript sources unbuilt. */
const OLDEST = { major: 22, minor: 18 }

/**
 * Runs `npm ci` unless node_modules of the folder already holds exactly what its lock names. Speaks on stderr alone; exits on failure.
 *
 * @param {string} [folder]
 */
export function ensureInstalled(folder = ROOT) {
  if (isInstalled(folder)) return
  const startMs = Date.now()
  const lock = relative(ROOT, join(folder, 'package-lock.json'))
  process.stderr.write(`mainframe: installing what ${lock} names (npm ci), once\n`)
  const status = npmCi(folder)
  if (status !== 0 || !isInstalled(folder)) {
    process.stderr.write(
      `mainframe: npm ci failed (exit ${status}); its own words are above. Installing needs the npm registry once: ` +
        'check the network and `npm config get registry`, then run the same command again.\n',
    )
    process.exit(1)
  }
  process.stderr.write(`mainframe: installed in ${Math.round((Date.now() - startMs) / 1000)} s\n`)
}

/** The pinned Node's executable; the running one where npm's install scripts are switched off and it is new enough. */
export function pinnedNode() {
  const pinned = pinnedPath()
  if (existsSync(pinned)) return pinned
  if (runsTypeScript()) return process.execPath
  process.stderr.write(
    'mainframe: node_modules has no Node 24, as after `npm ci --ignore-scripts`; run `npm rebuild node`\n',
  )
  process.exit(1)
}

/** Whether the Node that runs this is new enough to run the sources itself. */
export function runsTypeScript() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)
}

function pinnedPath() {
  return join(ROOT, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/**
 * npm notes in a hidden lock what it has put into node_modules, so the two locks say whether anything is missing.
 *
 * @param {string} folder
 */
function isInstalled(folder) {
  const wanted = packagesOf(join(folder, 'package-lock.json'))
  const present = packagesOf(join(folder, 'node_modules', '.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => {
    const found = present[path]
    if (found === undefined) return path === '' || entry.optional === true
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/** @typedef {{ packages: Record<string, { version?: string; integrity?: string; optional?: boolean }> }} Lock */

/** @param {string} lockPath */
function packagesOf(lockPath) {
  try {
    const lock = /** @type {Lock} */ (JSON.parse(readFileSync(lockPath, 'utf8')))
    return lock.packages
  } catch {
    return undefined
  }
}

/**
 * Development packages are asked for by name, because NODE_ENV=production would leave them out. Without a network npm gives up after
 * seconds rather than a minute. Its stdout goes to our stderr: stdout belongs to the command that runs next.
 *
 * @param {string} folder
 */
function npmCi(folder) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const patience = ['--prefer-offline', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=8000']
  const args = ['ci', '--include=dev', ...quiet, ...patience]
  const npm = process.env.npm_execpath ?? ''
  const underNpm = /npm-cli\.c?js$/.test(npm)
  const { status } = spawnSync(underNpm ? process.execPath : 'npm', underNpm ? [npm, ...args] : args, {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: !underNpm && process.platform === 'win32',
  })
  return status ?? 1
}
