/** Storing a tree: small files into packs, large ones as objects, then the listings from the leaves up to the root. */
import { assert } from '../base/assert.ts'
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Capability } from '../crypto/link.ts'
import type { FragmentCounts, Objects, PutOptions, PutResult } from '../storage/objects.ts'
import type { PutDirectoryResult, TreeEntry, TreeSource } from './directory.ts'
import { LISTING_BYTES_MAX, NESTED_LISTING_BYTES_MAX, PACKED_FILE_BYTES_MAX } from './limits.ts'
import { encodeListing, type ListedEntry } from './listing.ts'
import { PackWriter, type PackedPlace } from './packWriter.ts'
import { namesOf } from './path.ts'

/** See Directories.put. */
export async function writeDirectory(
  objects: Objects,
  entries: AsyncIterable<TreeSource>,
  options: PutOptions,
): Promise<PutDirectoryResult> {
  const writing = new DirectoryWriting(objects, options)
  for await (const { entry, content } of entries) await writing.add(entry, content)
  return writing.finish()
}

interface TreeNode {
  readonly meta: Omit<TreeEntry, 'path'>
  readonly children: Map<string, TreeNode> | undefined
  readonly object?: Capability
  readonly packed?: PackedPlace
}

class DirectoryWriting {
  private readonly objects: Objects
  private readonly options: PutOptions
  private readonly packs: PackWriter
  private readonly root: TreeNode = directoryNode({ mode: 0o755, modifiedUs: 0 })
  private entryCount = 0
  private contentBytes = 0
  private segmentCount = 0
  private counts: FragmentCounts = { needed: 0, total: 0, placed: 0 }

  constructor(objects: Objects, options: PutOptions) {
    this.objects = objects
    this.options = options
    this.packs = new PackWriter((source) => this.put(source))
  }

  async add(entry: TreeEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const names = namesOf(entry.path)
    const name = names.at(-1)
    if (name === undefined) return
    const parent = this.directoryAt(names.slice(0, -1), entry)
    const known = parent.get(name)
    this.entryCount++
    if (entry.kind === 'directory') {
      parent.set(name, directoryNode(entry, known?.children))
      return
    }
    if (known !== undefined) throw new Failure('invalid', `"${entry.path}" stands twice in the tree`)
    parent.set(name, entry.kind === 'file' ? await this.file(entry, content) : leaf(entry, 0))
  }

  async finish(): Promise<PutDirectoryResult> {
    await this.packs.finish()
    const root = await this.put(once(await this.listing(this.root)))
    return {
      capability: { ...root.capability, what: 'directory' },
      bytes: this.contentBytes,
      segments: this.segmentCount,
      fragments: this.counts,
      entries: this.entryCount,
    }
  }

  private async file(entry: TreeEntry, content: AsyncIterable<Uint8Array>): Promise<TreeNode> {
    const source = content[Symbol.asyncIterator]()
    const start = await readUpTo(source, PACKED_FILE_BYTES_MAX)
    if (start.ended) {
      const bytes = concat(...start.chunks)
      this.contentBytes += bytes.length
      return { ...leaf(entry, bytes.length), packed: await this.packs.add(bytes) }
    }
    const { capability, bytes } = await this.put(resumed(start.chunks, source))
    this.contentBytes += bytes
    return { ...leaf(entry, bytes), object: capability }
  }

  private directoryAt(names: readonly string[], entry: TreeEntry): Map<string, TreeNode> {
    let children = this.root.children
    for (const name of names) {
      assert(children !== undefined, 'the way down leads through directories')
      const known = children.get(name)
      const node = known ?? directoryNode({ mode: 0o755, modifiedUs: entry.modifiedUs })
      if (known === undefined) children.set(name, node)
      if (node.children === undefined) throw new Failure('invalid', `"${entry.path}" lies within a file`)
      children = node.children
    }
    assert(children !== undefined, 'the way down leads through directories')
    return children
  }

  private async listing(node: TreeNode): Promise<Bytes> {
    const packs: Capability[] = []
    const entries: ListedEntry[] = []
    const children = [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, child] of children) entries.push(await this.listed(name, child, packs))
    const bytes = encodeListing({ packs, entries })
    if (bytes.length > LISTING_BYTES_MAX) throw new Failure('invalid', 'one directory has too many entries; split it')
    return bytes
  }

  private async listed(name: string, node: TreeNode, packs: Capability[]): Promise<ListedEntry> {
    const common = { ...node.meta, name, object: node.object, packed: undefined, nested: undefined }
    if (node.children !== undefined) {
      const nested = await this.listing(node)
      if (nested.length <= NESTED_LISTING_BYTES_MAX) return { ...common, nested }
      return { ...common, object: (await this.put(once(nested))).capability }
    }
    if (node.packed === undefined) return common
    const capability = await this.packs.capability(node.packed.pack)
    let pack = packs.findIndex((each) => each.root === capability.root)
    if (pack < 0) pack = packs.push(capability) - 1
    return { ...common, packed: { pack, offset: node.packed.offset } }
  }

  private async put(source: AsyncIterable<Uint8Array>): Promise<PutResult> {
    const { survive, signal, onProgress } = this.options
    const stored = await this.objects.put(source, {
      ...(survive === undefined ? {} : { survive }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    this.segmentCount += stored.segments
    const { fragments } = stored
    if (fragments.needed > this.counts.needed) this.counts = fragments
    else if (fragments.needed === this.counts.needed && fragments.placed < this.counts.placed) this.counts = fragments
    return stored
  }
}

function directoryNode(
  meta: { readonly mode: number; readonly modifiedUs: number },
  children: Map<string, TreeNode> = new Map(),
): TreeNode {
  const { mode, modifiedUs } = meta
  return { meta: { kind: 'directory', mode, modifiedUs, size: 0, type: '', target: '' }, children }
}

function leaf({ kind, mode, modifiedUs, type, target }: TreeEntry, size: number): TreeNode {
  return { meta: { kind, mode, modifiedUs, size, type, target }, children: undefined }
}

/** Chunks until there are more than `max` bytes or the source ends. */
async function readUpTo(
  source: AsyncIterator<Uint8Array>,
  max: number,
): Promise<{ readonly chunks: Uint8Array[]; readonly ended: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (bytes <= max) {
    const next = await source.next()
    if (next.done === true) return { chunks, ended: true }
    chunks.push(next.value)
    bytes += next.value.length
  }
  return { chunks, ended: false }
}

async function* resumed(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* read
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
