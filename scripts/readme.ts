/**
 * Runs the README's commands as a reader would: the `sh` blocks marked with a comment on the line above, in order, in one bash
 * session in an empty folder where `mainframe`, `npx mainframe` and `npm start` are this checkout's.
 *
 *     <!-- run -->                                   run every line; any that fails fails the README
 *     <!-- run in background until "some words" -->  leave it running, go on once it has printed the words
 *
 * Lines that end in `&` work too. Whatever still runs at the end is ended.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ROOT } from './install.mjs'

interface Block {
  readonly commands: string
  /** Set for a block that runs in the background: what it prints once it is ready. */
  readonly readyWords: string | undefined
}

const MARKED = /^<!-- run(?: in background until "([^"]+)")? -->\n+```sh\n([\s\S]*?)^```$/gm

/** Every process gets its own group (set -m), so that ending a job ends what it started; whoever does not go in 20 s is killed. */
const PRELUDE = `
set -euo pipefail -m
PS4='$ '
end_jobs() {
  { code=$?; set +x; trap - EXIT ERR; } 2>/dev/null
  groups=$(jobs -p)
  for group in $groups; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for _ in $(seq 200); do
    [ -n "$(jobs -rp)" ] || exit "$code"
    sleep 0.1
  done
  for group in $groups; do kill -KILL -- "-$group" 2>/dev/null || true; done
  exit "$code"
}
ready() {
  for _ in $(seq 1200); do
    if grep -qF -- "$2" "$1"; then return 0; fi
    if ! kill -0 "$3" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "this never printed: $2" >&2
  cat "$1" >&2
  return 1
}
trap end_jobs EXIT
trap '{ failed=$BASH_COMMAND; set +x; } 2>/dev/null; echo "README.md: failed: $failed" >&2' ERR
trap 'exit 143' TERM INT HUP
`

if (import.meta.main) process.exitCode = await run(blocksOf(readFileSync(join(ROOT, 'README.md'), 'utf8')))

export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(MARKED)].map(([, readyWords, commands = '']) => ({ commands, readyWords }))
}

/** The exit code of the session; its words go to our stdout and stderr. */
export async function run(blocks: readonly Block[]): Promise<number> {
  if (blocks.length === 0) throw new Error('README.md marks no commands to run')
  const folder = mkdtempSync(join(tmpdir(), 'mainframe-readme-'))
  try {
    return await bash(PRELUDE + blocks.map(blockScript).join(''), prepare(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function blockScript({ commands, readyWords }: Block, index: number): string {
  if (readyWords === undefined) return `set -x\n${commands}{ set +x; } 2>/dev/null\n`
  const log = `"$MAINFRAME_HOME/block${index}.log"`
  return `{ set -x\n${commands}} >${log} 2>&1 &\nready ${log} ${quoted(readyWords)} $!\n`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** A folder as after installing mainframe, except that what is installed is this checkout. */
function prepare(folder: string): Place {
  const commands = join(folder, 'node_modules', '.bin')
  const home = join(folder, 'home')
  mkdirSync(commands, { recursive: true })
  mkdirSync(home)
  for (const name of ['mainframe', 'mf']) symlinkSync(join(ROOT, 'bin', 'mainframe.js'), join(commands, name))
  const start = `node ${JSON.stringify(join(ROOT, 'scripts', 'run.mjs'))} start`
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, scripts: { start } }))
  const env = { ...process.env, MAINFRAME_HOME: home, PATH: `${commands}${delimiter}${process.env.PATH ?? ''}` }
  return { cwd: folder, env }
}

/** Signals that end us end the session first, so that nothing it started outlives us. */
async function bash(script: string, place: Place): Promise<number> {
  const session = spawn('bash', ['-c', script], { ...place, stdio: ['ignore', 'inherit', 'inherit'] })
  const end = (): void => {
    session.kill('SIGTERM')
  }
  process.once('SIGTERM', end).once('SIGINT', end)
  const code = await new Promise<number | null>((resolve, reject) => {
    session.once('error', reject)
    session.once('exit', resolve)
  })
  process.off('SIGTERM', end).off('SIGINT', end)
  return code ?? 1
}
