/** The file that tells a node which addresses fail together: read once, at the start, and refused whole when a line is wrong. */
import { open } from 'node:fs/promises'
import { Failure } from '../base/failure.ts'
import { printSize } from '../base/quantities.ts'
import { MIB } from '../base/units.ts'
import { DomainMap } from '../storage/domainMap.ts'
import { failureDomains, type DomainOf } from '../storage/failureDomain.ts'

/** Twice what lists all prefixes of the Internet's routers. */
const FILE_BYTES_MAX = 128 * MIB

/** Rejects with `invalid` when it cannot be read, is too large, or has a line that is no prefix and name. */
export async function readDomainFile(path: string): Promise<DomainOf> {
  const parsed = DomainMap.parse(await textOf(path))
  if (!parsed.ok) throw new Failure('invalid', `the table of domains ${path} is refused: ${parsed.error}`)
  return failureDomains(parsed.value)
}

async function textOf(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    if (size > FILE_BYTES_MAX) throw new Error(`it has ${printSize(size)}, more than ${printSize(FILE_BYTES_MAX)}`)
    return await file.readFile('utf8')
  } catch (error) {
    throw new Failure('invalid', `the table of domains ${path} cannot be read: ${(error as Error).message}`)
  }
}
