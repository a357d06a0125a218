/** `put`: a file, a folder or what comes in on stdin goes into the network; the link that gets it back comes out. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { typeByName } from '../../gateway/mediaTypes.ts'
import type { Upload } from '../client.ts'
import { EXIT, usage, type ExitCode } from '../exit.ts'
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
  const source = await sourceOf(path, flags)
  const progress = new Progress({ totalBytes: source.totalBytes, quiet: flags.quiet === true || flags.json === true })
  const upload: Upload = {
    body: source.body,
    headers: source.headers,
    query: { ...source.query, ...(flags.survive === undefined ? {} : { survive: String(flags.survive) }) },
    onProgress: (amount) => {
      progress.update(amount)
    },
  }
  try {
    const summary = await withNode(flags, undefined, (client) => client.upload(upload))
    progress.end()
    if (flags.json === true) printJson(summary)
    else print(summary.link)
  } finally {
    progress.end()
    if (path === '-') process.stdin.destroy()
  }
  return (source.skipped?.() ?? 0) > 0 ? EXIT.partial : EXIT.ok
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
  const { size } = await file.stat()
  const headers = { ...typeHeader(flags.type ?? typeByName(basename(path))), 'content-length': String(size) }
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
