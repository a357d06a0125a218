/** The log costs a node nothing, not even when the disk takes no more. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLog } from './log.ts'

const FULL = '/dev/full'

test('lines come out as they are written, and a disk that is full costs lines and nothing else', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mainframe-log-'))
  try {
    const log = openLog(home)
    log.info({ kept: 1 }, 'there is room')
    assert.match(await readFile(join(home, 'node.log'), 'utf8'), /"kept":1,.*there is room/)
    log.close()
    await rm(join(home, 'node.log'))
    // Whatever is written here meets a full disk; systems without such a device get a file like another.
    if (existsSync(FULL)) await symlink(FULL, join(home, 'node.log'))
    const full = openLog(home)
    full.info({ kept: 2 }, 'there is none')
    full.error({ kept: 3 }, 'nor now')
    full.close()
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
