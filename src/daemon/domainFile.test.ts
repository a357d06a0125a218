/** A table of domains is read as it stands, or refused with the file and the line in the error. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFailure } from '../base/failure.ts'
import { tinyId } from '../testing/tinyId.ts'
import { readDomainFile } from './domainFile.ts'

test('addresses of the table have its names, others those of their networks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mainframe-domains-'))
  try {
    const path = join(folder, 'domains')
    await writeFile(path, '10.0.0.0/8 AS64500\n')
    const domainOf = await readDomainFile(path)
    const domains = ['tls://10.1.1.1:1', 'tls://10.2.2.2:1', 'tls://127.0.0.1:1'].map((address) =>
      domainOf({ id: tinyId(1, 16), addresses: [address] }),
    )
    assert.deepEqual(domains, ['AS64500', 'AS64500', '127.0.0'])
    await writeFile(path, 'ten AS64500\n')
    const isRefused = (error: unknown): boolean => isFailure(error, 'invalid') && /domains.*line 1/.test(error.message)
    await assert.rejects(readDomainFile(path), isRefused)
    const isMissing = (error: unknown): boolean =>
      isFailure(error, 'invalid') && error.message.includes('cannot be read')
    await assert.rejects(readDomainFile(join(folder, 'none')), isMissing)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
