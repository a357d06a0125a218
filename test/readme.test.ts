/** The runner of the README's commands: it runs what is marked, in one session, fails when a command fails, and leaves nothing running. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { blocksOf, run } from '../scripts/readme.ts'

test('only marked blocks are taken, in order', () => {
  const markdown = [
    ...['# x', '```sh', 'never', '```', '<!-- run in background until "up" -->', '```sh', 'serve', '```'],
    ...['<!-- run -->', '', '```sh', 'one', 'two', '```', ''],
  ].join('\n')
  assert.deepEqual(blocksOf(markdown), [
    { commands: 'serve\n', readyWords: 'up' },
    { commands: 'one\ntwo\n', readyWords: undefined },
  ])
})

test('blocks share one session, and the command is this checkout', async (t) => {
  const out = outFile(t)
  const code = await run([foreground('WORD=shared\n'), foreground(`echo "$WORD" >${out}; which mainframe >>${out}\n`)])
  assert.equal(code, 0)
  assert.match(readFileSync(out, 'utf8'), /^shared\n.*node_modules\/\.bin\/mainframe\n$/)
})

test('a failing line fails the README and later lines do not run', async (t) => {
  const out = outFile(t)
  assert.notEqual(await run([foreground(`echo before >${out}\nfalse\necho after >>${out}\n`)]), 0)
  assert.equal(readFileSync(out, 'utf8'), 'before\n')
})

test('what runs in the background is waited for and is gone afterwards, with what it started', async (t) => {
  const out = outFile(t)
  const server = { commands: `sleep 600 &\necho $! $BASHPID >${out}\necho is up\nwait\n`, readyWords: 'is up' }
  assert.equal(await run([server, foreground(`test -s ${out}\nsleep 600 &\necho $! >>${out}\n`)]), 0)
  const pids = readFileSync(out, 'utf8').trim().split(/\s+/).map(Number)
  assert.equal(pids.length, 3)
  await Promise.all(pids.map(gone))
})

test('a background block that ends before it is ready fails the README', async () => {
  assert.notEqual(await run([{ commands: 'echo no\n', readyWords: 'is up' }, foreground('true\n')]), 0)
})

/** Settles once the process has ended, reaped or not; rejects after 10 s. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
    if (state === '' || state.startsWith('Z')) return
    await setTimeout(100)
  }
  assert.fail(`process ${pid} still runs`)
}

function foreground(commands: string): { commands: string; readyWords: undefined } {
  return { commands, readyWords: undefined }
}

function outFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mainframe-test-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  return join(folder, 'out')
}
