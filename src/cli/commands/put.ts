/** `put`: a file, a folder or what comes in on stdin goes into the network; the link that gets it back comes out. */
import { createHash } from 'node:crypto'
import { createReadStream, type BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { typeByName } from '../../gateway/mediaTypes.ts'
import type { PutSummary } from '../../gateway/putObject.ts'
import type { NodeClient } from '../client.ts'
import { CommandFailure, EXIT, usage, type ExitCode } from '../exit.ts'
import { FILE_BYTES } from '../limits.ts'
import { print, printJson, say } from '../output.ts'
import { Progress } from '../progress.ts'
import { withNode, type NodeFlags } from '../session.ts'

export interface PutFlags extends NodeFlags {
  readonly survive?: number
  readonly type?: string
}

interface Source {
  readonly body: AsyncIterable<Uint8Array>
  readonly headers: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly totalBytes?: number
  /** How many things were left out so far. */
  readonly skipped?: () => number
}

export async function put(path: string, flags: PutFlags): Promise<ExitCode> {
  try {
    const { summary, source } = await withNode(flags, undefined, (client) => putResumed(client, path, flags))
    if (flags.json === true) printJson(summary)
    else tell(summary, flags)
    return (source.skipped?.() ?? 0) > 0 ? EXIT.partial : EXIT.ok
  } finally {
    if (path === '-') process.stdin.destroy()
  }
}

interface Outcome {
  readonly summary: PutSummary
  readonly source: Source
}

/** A file that has changed since its put was interrupted is put from its start: the node has forgotten the interrupted put by then. */
async function putResumed(client: NodeClient, path: string, flags: PutFlags): Promise<Outcome> {
  try {
    return await putOnce(client, path, flags)
  } catch (error) {
    const hasChanged = error instanceof CommandFailure && error.details.changed === true
    if (!hasChanged || path === '-') throw error
    if (flags.quiet !== true) say(`${path} has changed since its put was interrupted; putting it from its start`)
    return putOnce(client, path, flags)
  }
}

async function putOnce(client: NodeClient, path: string, flags: PutFlags): Promise<Outcome> {
  const source = await sourceOf(path, flags)
  const progress = new Progress({ totalBytes: source.totalBytes, quiet: flags.quiet === true || flags.json === true })
  try {
    const summary = await client.upload({
      body: source.body,
      headers: source.headers,
      query: { ...source.query, ...(flags.survive === undefined ? {} : { survive: String(flags.survive) }) },
      onProgress: (amount) => {
        progress.update(amount)
      },
    })
    return { summary, source }
  } finally {
    progress.end()
  }
}

function tell({ link, fragmentsResumed }: PutSummary, flags: PutFlags): void {
  if (fragmentsResumed !== undefined && flags.quiet !== true) {
    say(`resumed: ${fragmentsResumed} fragments were in place from before`)
  }
  print(link)
}

async function sourceOf(path: string, flags: PutFlags): Promise<Source> {
  if (path === '-') return { body: process.stdin, headers: typeHeader(flags.type ?? '') }
  const stats = await stat(path).catch((error: unknown) => {
    throw usage(`cannot read ${path}: ${(error as Error).message}`)
  })
  if (stats.isDirectory()) return folderSource(path, flags)
  if (!stats.isFile()) throw usage(`${path} is neither file nor folder; pipe it in and put -`)
  const file = await open(path).catch((error: unknown) => {
    throw usage(`cannot read ${path}: ${(error as Error).message}`)
  })
  const fileStats = await file.stat({ bigint: true })
  const size = Number(fileStats.size)
  const type = flags.type ?? typeByName(basename(path))
  const headers = {
    ...typeHeader(type),
    'content-length': String(size),
    'mainframe-resume': resumeKey(path, fileStats, [flags.survive, type]),
  }
  // Read to the length that was announced, though the file may grow meanwhile.
  const content = { fd: file, highWaterMark: FILE_BYTES, end: Math.max(0, size - 1) }
  const body = size === 0 ? nothing() : createReadStream('', content)
  return { body: checked(body, size, path), headers, totalBytes: size }
}

async function folderSource(path: string, flags: PutFlags): Promise<Source> {
  if (flags.type !== undefined) throw usage('a folder has no media type; its files have their own')
  const [{ folderTree }, { tarOf }] = await Promise.all([import('../folderTree.ts'), import('../../gateway/tar.ts')])
  let skipped = 0
  const tree = folderTree(path, (name, why) => {
    skipped++
    say(`warning: left out ${name}: ${why}`)
  })
  return {
    body: tarOf(tree),
    headers: { 'content-type': 'application/x-tar' },
    query: { directory: '1' },
    skipped: () => skipped,
  }
}

/** What a put goes by when it is resumed: the same file, as far as its folder tells, to be stored in the same way. */
function resumeKey(path: string, stats: BigIntStats, terms: readonly (string | number | undefined)[]): string {
  const { dev, ino, size, mtimeNs } = stats
  const facts = [resolve(path), dev, ino, size, mtimeNs, ...terms].map((fact) => String(fact))
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

/** A file cut short while it is read must not hang a request that promised more. */
async function* checked(body: AsyncIterable<Uint8Array>, size: number, path: string): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    yield piece
  }
  if (bytes !== size) throw usage(`${path} became shorter while it was read; try again`)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function typeHeader(type: string): Readonly<Record<string, string>> {
  return type === '' ? {} : { 'content-type': type }
}
