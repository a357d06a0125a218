/** Storing a tree: small files into packs, large ones as objects, then the listings from the leaves up to the root. */
import { assert } from '../base/assert.ts'
import { concat, type Bytes } from '../base/bytes.ts'
import { abortFailure, Failure } from '../base/failure.ts'
import { linkedController, orAborted } from '../base/signals.ts'
import type { Capability } from '../crypto/link.ts'
import type { FragmentCounts, Objects, PutOptions, PutProgress, PutResult } from '../storage/objects.ts'
import type { PutDirectoryResult, TreeEntry, TreeSource } from './directory.ts'
import {
  LISTING_BYTES_MAX,
  LISTING_ENTRIES_MAX,
  LISTING_PACKS_MAX,
  NESTED_LISTING_BYTES_MAX,
  PACKED_FILE_BYTES_MAX,
} from './limits.ts'
import { encodeListing, type ListedEntry } from './listing.ts'
import { PackWriter, type PackedPlace } from './packWriter.ts'
import { namesOf } from './path.ts'
import { checkEntry } from './treeEntry.ts'

/** See Directories.put. */
export async function writeDirectory(
  objects: Objects,
  entries: AsyncIterable<TreeSource>,
  options: PutOptions,
): Promise<PutDirectoryResult> {
  const controller = linkedController(options.signal)
  try {
    return await orAborted(new DirectoryWriting(objects, options, controller).run(entries), controller.signal)
  } catch (error) {
    // Packs still being stored are of no use to anybody.
    controller.abort(error)
    throw error
  } finally {
    controller.release()
  }
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
  private readonly controller: AbortController
  private readonly packs: PackWriter
  private readonly root: TreeNode = directoryNode({ mode: 0o755, modifiedUs: 0 })
  private progress: PutProgress = { bytes: 0, fragmentsPlaced: 0, fragmentsTotal: 0 }
  private entryCount = 0
  private contentBytes = 0
  private segmentCount = 0
  private counts: FragmentCounts = { needed: 0, total: 0, placed: 0 }

  constructor(objects: Objects, options: PutOptions, controller: AbortController) {
    this.objects = objects
    this.options = options
    this.controller = controller
    this.packs = new PackWriter((source) => this.putPack(source))
  }

  async run(entries: AsyncIterable<TreeSource>): Promise<PutDirectoryResult> {
    for await (const { entry, content } of entries) {
      if (this.controller.signal.aborted) throw abortFailure(this.controller.signal)
      await this.add(entry, content)
    }
    return this.finish()
  }

  private async add(entry: TreeEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const names = namesOf(entry.path)
    const name = names.at(-1)
    checkEntry(entry)
    if (name === undefined) {
      if (entry.kind !== 'directory') throw new Failure('invalid', 'only a directory can be the root of a tree')
      return
    }
    const parent = this.directoryAt(names.slice(0, -1), entry)
    const known = parent.get(name)
    if (entry.kind === 'directory' && (known === undefined || known.children !== undefined)) {
      parent.set(name, directoryNode(entry, known?.children))
      return
    }
    if (known !== undefined) throw new Failure('invalid', `"${entry.path}" stands twice in the tree`)
    parent.set(name, entry.kind === 'file' ? await this.file(entry, content) : leaf(entry, 0))
  }

  private async finish(): Promise<PutDirectoryResult> {
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
    const places = new Map<number, number>()
    const entries: ListedEntry[] = []
    const children = [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, child] of children) entries.push(await this.listed(name, child, places))
    const packs = await Promise.all([...places.keys()].map((pack) => this.packs.capability(pack)))
    const bytes = encodeListing({ packs, entries })
    const fits = entries.length <= LISTING_ENTRIES_MAX && packs.length <= LISTING_PACKS_MAX
    if (!fits || bytes.length > LISTING_BYTES_MAX) {
      throw new Failure('invalid', 'one directory has too many entries; split it')
    }
    this.entryCount += entries.length
    return bytes
  }

  /** `places`: for each pack that the listing names, in order, its place there. */
  private async listed(name: string, node: TreeNode, places: Map<number, number>): Promise<ListedEntry> {
    const common = { ...node.meta, name, object: node.object, packed: undefined, nested: undefined }
    if (node.children !== undefined) {
      const nested = await this.listing(node)
      if (nested.length <= NESTED_LISTING_BYTES_MAX) return { ...common, nested }
      return { ...common, object: (await this.put(once(nested))).capability }
    }
    if (node.packed === undefined) return common
    const { pack, offset } = node.packed
    const place = places.get(pack) ?? places.size
    places.set(pack, place)
    return { ...common, packed: { pack: place, offset } }
  }

  /** A pack is waited for only at the end, so its failure ends everything else. */
  private async putPack(source: AsyncIterable<Uint8Array>): Promise<PutResult> {
    try {
      return await this.put(source)
    } catch (error) {
      this.controller.abort(error)
      throw error
    }
  }

  private async put(source: AsyncIterable<Uint8Array>): Promise<PutResult> {
    const { survive } = this.options
    const stored = await this.objects.put(source, {
      ...(survive === undefined ? {} : { survive }),
      signal: this.controller.signal,
      onProgress: this.tellOfOne(),
    })
    this.segmentCount += stored.segments
    const { fragments } = stored
    if (fragments.needed > this.counts.needed) this.counts = fragments
    else if (fragments.needed === this.counts.needed && fragments.placed < this.counts.placed) this.counts = fragments
    return stored
  }

  /** Progress of one object, told as that of the whole tree. */
  private tellOfOne(): (progress: PutProgress) => void {
    let before: PutProgress = { bytes: 0, fragmentsPlaced: 0, fragmentsTotal: 0 }
    return (now) => {
      this.progress = {
        bytes: this.progress.bytes + now.bytes - before.bytes,
        fragmentsPlaced: this.progress.fragmentsPlaced + now.fragmentsPlaced - before.fragmentsPlaced,
        fragmentsTotal: this.progress.fragmentsTotal + now.fragmentsTotal - before.fragmentsTotal,
      }
      before = now
      this.options.onProgress?.(this.progress)
    }
  }
}

function directoryNode(
  meta: { readonly mode: number; readonly modifiedUs: number },
  children = new Map<string, TreeNode>(),
): TreeNode {
  const { mode, modifiedUs } = meta
  return { meta: { kind: 'directory', mode, modifiedUs, size: 0, type: '', target: '' }, children }
}

function leaf({ kind, mode, modifiedUs, type, target }: TreeEntry, size: number): TreeNode {
  const isFile = kind === 'file'
  const meta = { kind, mode, modifiedUs, size, type: isFile ? type : '', target: isFile ? '' : target }
  return { meta, children: undefined }
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
  try {
    yield* read
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
