/** Reading a tree: listings on the way to a path, files in packs or as objects, and the walk over everything. */
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Capability } from '../crypto/link.ts'
import type { ByteRange, Objects, OpenObject } from '../storage/objects.ts'
import type { OpenDirectory, TreeEntry } from './directory.ts'
import { checkedRange } from '../storage/byteRange.ts'
import { LISTING_BYTES_MAX, PATH_DEPTH_MAX } from './limits.ts'
import { decodeListing, type ListedEntry, type Listing } from './listing.ts'
import { PackReader } from './packReader.ts'
import { namesOf } from './path.ts'

interface Options {
  readonly signal?: AbortSignal
}

/** See Directories.open. */
export async function openDirectory(
  objects: Objects,
  capability: Capability,
  options: Options,
): Promise<OpenDirectory & { objectsBelow(options: Options): AsyncIterable<Capability> }> {
  if (capability.what !== 'directory') throw new Failure('invalid', 'this link is to a file, not to a directory')
  return new StoredDirectory(objects, await readListing(objects, capability, options))
}

interface Found {
  readonly listing: Listing
  readonly entry: ListedEntry
}

class StoredDirectory implements OpenDirectory {
  private readonly objects: Objects
  private readonly root: Listing

  constructor(objects: Objects, root: Listing) {
    this.objects = objects
    this.root = root
  }

  async list(path: string, options: Options = {}): Promise<readonly TreeEntry[]> {
    const names = namesOf(path)
    const listing = await this.listingAt(names, options)
    return listing.entries.map((entry) => treeEntry([...names, entry.name].join('/'), entry))
  }

  async stat(path: string, options: Options = {}): Promise<TreeEntry> {
    const names = namesOf(path)
    if (names.length === 0) return ROOT_ENTRY
    return treeEntry(names.join('/'), (await this.find(names, options)).entry)
  }

  async open(path: string, options: Options = {}): Promise<OpenObject> {
    const names = namesOf(path)
    if (names.length === 0) throw new Failure('invalid', 'a directory cannot be read like a file; list it')
    const { listing, entry } = await this.find(names, options)
    if (entry.kind !== 'file') throw new Failure('invalid', `"${path}" is a ${entry.kind}, not a file`)
    return this.openEntry(listing, entry, undefined, options)
  }

  async *walk(options: Options = {}): AsyncGenerator<{
    readonly entry: TreeEntry
    content(range?: ByteRange): AsyncIterable<Bytes>
  }> {
    yield* this.walkBelow(this.root, [], new PackReader(this.objects), options)
  }

  /** Every object that the tree consists of besides its root listing, each once. */
  objectsBelow(options: Options): AsyncGenerator<Capability> {
    return this.referencesBelow(this.root, 0, new Set(), options)
  }

  /** A listing seen before is not read again: a few of them that name one another twice each would make a tree without end. */
  private async *referencesBelow(
    listing: Listing,
    depth: number,
    seen: Set<string>,
    options: Options,
  ): AsyncGenerator<Capability> {
    refuseDepth(depth)
    const isNew = ({ root }: Capability): boolean => seen.size < seen.add(root).size
    yield* listing.packs.filter(isNew)
    for (const entry of listing.entries) {
      if (entry.object !== undefined) {
        if (!isNew(entry.object)) continue
        yield entry.object
      }
      if (entry.kind !== 'directory') continue
      yield* this.referencesBelow(await this.listingOf(entry, options), depth + 1, seen, options)
    }
  }

  private async *walkBelow(
    listing: Listing,
    above: readonly string[],
    packs: PackReader,
    options: Options,
  ): AsyncGenerator<{ readonly entry: TreeEntry; content(range?: ByteRange): AsyncIterable<Bytes> }> {
    refuseDepth(above.length)
    for (const entry of listing.entries) {
      const names = [...above, entry.name]
      yield {
        entry: treeEntry(names.join('/'), entry),
        content: (range) => this.contentOf(listing, entry, packs, range, options),
      }
      if (entry.kind !== 'directory') continue
      yield* this.walkBelow(await this.listingOf(entry, options), names, packs, options)
    }
  }

  private async *contentOf(
    listing: Listing,
    entry: ListedEntry,
    packs: PackReader,
    range: ByteRange | undefined,
    options: Options,
  ): AsyncGenerator<Bytes> {
    if (entry.kind !== 'file') return
    const file = await this.openEntry(listing, entry, packs, options)
    yield* file.stream({ ...options, ...(range === undefined ? {} : { range }) })
  }

  /** With `packs`, packs are read whole and kept for the files that follow. */
  private async openEntry(
    listing: Listing,
    entry: ListedEntry,
    packs: PackReader | undefined,
    options: Options,
  ): Promise<OpenObject> {
    const { size, type, packed, object } = entry
    if (packed === undefined) {
      if (object === undefined) throw new Failure('damaged', `the listing does not say where "${entry.name}" is`)
      const opened = await this.objects.open(object, options)
      if (opened.size !== size) throw new Failure('damaged', `"${entry.name}" is not as long as the listing says`)
      return { size: opened.size, type, stream: (streamOptions) => opened.stream(streamOptions) }
    }
    const capability = listing.packs[packed.pack]
    if (capability === undefined) throw new Failure('damaged', 'the listing names a pack that it does not have')
    const pack = packs?.whole(capability) ?? (await this.openPack(capability, packed.offset + size, options))
    return new PackedFile(pack, packed.offset, size, type)
  }

  private async openPack(capability: Capability, bytesMin: number, options: Options): Promise<OpenObject> {
    const pack = await this.objects.open(capability, options)
    if (pack.size < bytesMin) throw new Failure('damaged', 'a pack is shorter than its directory says')
    return pack
  }

  private async listingAt(names: readonly string[], options: Options): Promise<Listing> {
    if (names.length === 0) return this.root
    const { entry } = await this.find(names, options)
    if (entry.kind !== 'directory') throw new Failure('invalid', `"${names.join('/')}" is not a directory`)
    return this.listingOf(entry, options)
  }

  private async find(names: readonly string[], options: Options): Promise<Found> {
    let listing = this.root
    for (const [at, name] of names.entries()) {
      const entry = entryNamed(listing, name)
      if (entry === undefined) throw notFound(names)
      if (at === names.length - 1) return { listing, entry }
      if (entry.kind !== 'directory') throw notFound(names)
      listing = await this.listingOf(entry, options)
    }
    throw notFound(names)
  }

  private async listingOf(entry: ListedEntry, options: Options): Promise<Listing> {
    if (entry.nested === undefined) {
      if (entry.object === undefined) throw new Failure('damaged', `the listing does not say where "${entry.name}" is`)
      return readListing(this.objects, entry.object, options)
    }
    const decoded = decodeListing(entry.nested)
    if (!decoded.ok) throw new Failure('damaged', `the listing of "${entry.name}" cannot be read: ${decoded.error}`)
    return decoded.value
  }
}

/** `size` bytes from `offset` on of a pack, as an object of their own. */
class PackedFile implements OpenObject {
  readonly size: number
  readonly type: string
  private readonly pack: Pick<OpenObject, 'stream'>
  private readonly offset: number

  constructor(pack: Pick<OpenObject, 'stream'>, offset: number, size: number, type: string) {
    this.pack = pack
    this.offset = offset
    this.size = size
    this.type = type
  }

  async *stream(options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {}): AsyncGenerator<Bytes> {
    const { range, ...rest } = options
    const within = checkedRange(range, this.size)
    if (within === undefined) return
    const { start, end } = within
    yield* this.pack.stream({ ...rest, range: { start: this.offset + start, end: this.offset + end } })
  }
}

/** No path leads deeper, so whoever lists a tree further down is not describing one. */
function refuseDepth(depth: number): void {
  if (depth >= PATH_DEPTH_MAX) throw new Failure('damaged', 'the tree is deeper than any path')
}

const ROOT_ENTRY: TreeEntry = { path: '', kind: 'directory', mode: 0o755, modifiedUs: 0, size: 0, type: '', target: '' }

function treeEntry(path: string, { kind, mode, modifiedUs, size, type, target }: ListedEntry): TreeEntry {
  return { path, kind, mode, modifiedUs, size, type, target }
}

/** By bisection: listings are sorted and may have a million entries. */
function entryNamed(listing: Listing, name: string): ListedEntry | undefined {
  let [from, to] = [0, listing.entries.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const entry = listing.entries[middle]
    if (entry === undefined || entry.name === name) return entry
    if (entry.name < name) from = middle + 1
    else to = middle
  }
  return undefined
}

async function readListing(objects: Objects, capability: Capability, options: Options): Promise<Listing> {
  const object = await objects.open(capability, options)
  if (object.size > LISTING_BYTES_MAX)
    throw new Failure('invalid', 'this link is to something larger than any directory')
  const chunks: Bytes[] = []
  for await (const chunk of object.stream(options)) chunks.push(chunk)
  const decoded = decodeListing(concat(...chunks))
  if (!decoded.ok) throw new Failure('damaged', `the directory's listing cannot be read: ${decoded.error}`)
  return decoded.value
}

function notFound(names: readonly string[]): Failure {
  return new Failure('not-found', `there is no "${names.join('/')}" in this directory`)
}
