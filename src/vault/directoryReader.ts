/** Reading a tree: listings on the way to a path, files in packs or as objects, and the walk over everything. */
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import type { Capability } from '../crypto/link.ts'
import type { ByteRange, Objects, OpenObject } from '../storage/objects.ts'
import type { OpenDirectory, TreeEntry } from './directory.ts'
import { LISTING_BYTES_MAX } from './limits.ts'
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
    yield* this.walkBelow(this.root, '', new PackReader(this.objects), options)
  }

  /** Every object that the tree consists of besides its root listing, each once. */
  async *objectsBelow(options: Options): AsyncGenerator<Capability> {
    const seen = new Set<string>()
    for await (const capability of this.referencesBelow(this.root, options)) {
      if (seen.has(capability.root)) continue
      seen.add(capability.root)
      yield capability
    }
  }

  private async *referencesBelow(listing: Listing, options: Options): AsyncGenerator<Capability> {
    yield* listing.packs
    for (const entry of listing.entries) {
      if (entry.object !== undefined) yield entry.object
      if (entry.kind === 'directory') yield* this.referencesBelow(await this.listingOf(entry, options), options)
    }
  }

  private async *walkBelow(
    listing: Listing,
    above: string,
    packs: PackReader,
    options: Options,
  ): AsyncGenerator<{ readonly entry: TreeEntry; content(range?: ByteRange): AsyncIterable<Bytes> }> {
    for (const entry of listing.entries) {
      const path = above + entry.name
      yield {
        entry: treeEntry(path, entry),
        content: (range) => this.contentOf(listing, entry, packs, range, options),
      }
      if (entry.kind !== 'directory') continue
      yield* this.walkBelow(await this.listingOf(entry, options), `${path}/`, packs, options)
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
      return { size: opened.size, type, stream: (streamOptions) => opened.stream(streamOptions) }
    }
    const capability = listing.packs[packed.pack]
    if (capability === undefined) throw new Failure('damaged', 'the listing names a pack that it does not have')
    const pack = packs === undefined ? await this.objects.open(capability, options) : packs.whole(capability)
    return new PackedFile(pack, packed.offset, size, type)
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
    const { start, end } = range ?? { start: 0, end: this.size - 1 }
    if (end >= this.size && this.size > 0) throw new Failure('invalid', 'the range ends beyond the file')
    if (end < start) return
    yield* this.pack.stream({ ...rest, range: { start: this.offset + start, end: this.offset + end } })
  }
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
  if (object.size > LISTING_BYTES_MAX) throw new Failure('invalid', 'this link is to something larger than any directory')
  const chunks: Bytes[] = []
  for await (const chunk of object.stream(options)) chunks.push(chunk)
  const decoded = decodeListing(concat(...chunks))
  if (!decoded.ok) throw new Failure('damaged', `the directory's listing cannot be read: ${decoded.error}`)
  return decoded.value
}

function notFound(names: readonly string[]): Failure {
  return new Failure('not-found', `there is no "${names.join('/')}" in this directory`)
}
