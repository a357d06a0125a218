/**
 * Objects and directories in memory, for tests of the doors: what is put can be read back, and each call can be made to fail. Says
 * nothing about networks; storage/objectStore.ts and vault/directoryStore.ts are the real ones.
 */
import { createHash, randomBytes } from 'node:crypto'
import { concat, type Bytes } from '../base/bytes.ts'
import { Failure, abortFailure } from '../base/failure.ts'
import { parseIdText, type StripeId } from '../base/id.ts'
import { present } from '../base/assert.ts'
import type { Capability } from '../crypto/link.ts'
import type { NodeStorage } from '../node/node.ts'
import type {
  Health,
  KeepResult,
  Objects,
  OpenObject,
  PutOptions,
  PutResult,
  ReleaseResult,
  RepairResult,
  UpkeepOptions,
} from '../storage/objects.ts'
import type { Directories, OpenDirectory, PutDirectoryResult, TreeEntry, TreeSource } from '../vault/directory.ts'

interface Kept {
  readonly content: Bytes
  readonly type: string
}

interface KeptEntry {
  readonly entry: TreeEntry
  readonly content: Bytes
}

const CHUNK_BYTES = 256 * 1024

type Call = 'put' | 'open' | 'health' | 'keep' | 'repair' | 'release'

/** What {@link MemoryObjects} says of everything that it has. */
export const MEMORY_HEALTH: Omit<Health, 'bytes'> = {
  segments: 1,
  needed: 4,
  total: 33,
  alive: 33,
  aliveMin: 33,
  silent: 0,
  away: 0,
  gone: 0,
  holders: 24,
  domains: 24,
  domainKind: 'subnet',
  domainShareMax: 0.0606,
  survivesNow: 0.5,
  survivesDomains: 19,
  unattendedDays: 24.5,
  nodeLifetimeDays: 30,
  state: 'healthy',
}

export class MemoryObjects implements Objects {
  /** Asked before each chunk that is streamed, with its offset; what it returns is thrown. */
  failAt: (offset: number) => Failure | undefined = () => undefined
  /** Asked before each call; what it returns is thrown. */
  failCall: (call: Call) => Failure | undefined = () => undefined
  /** Awaited before each open, with its signal: a node that takes its time. */
  beforeOpen: (signal: AbortSignal) => Promise<void> = async () => undefined
  /** Signals of every call so far, in order. */
  readonly signals: AbortSignal[] = []
  /** Options of every put so far. */
  readonly puts: PutOptions[] = []
  private readonly kept = new Map<StripeId, Kept>()

  async put(source: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<PutResult> {
    this.begin('put', options.signal)
    this.puts.push(options)
    const content = await gather(source, (bytes) => {
      options.onProgress?.({ bytes, fragmentsPlaced: 1, fragmentsTotal: 2 })
    })
    return this.hold(content, options.type ?? '', 'object')
  }

  async open(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<OpenObject> {
    this.begin('open', options.signal)
    if (options.signal !== undefined) await this.beforeOpen(options.signal)
    const { content, type } = this.find(capability)
    return this.opened(content, type)
  }

  async health(capability: Capability, options: { readonly signal?: AbortSignal } = {}): Promise<Health> {
    this.begin('health', options.signal)
    const { length: bytes } = this.find(capability).content
    return { ...MEMORY_HEALTH, bytes }
  }

  async keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult> {
    this.begin('keep', options.signal)
    this.find(capability)
    return { stripes: 1, fragments: 33, unanswered: 0, expiresMs: options.leaseMs }
  }

  async repair(capability: Capability, options: UpkeepOptions = {}): Promise<RepairResult> {
    this.begin('repair', options.signal)
    this.find(capability)
    return { stripes: 1, fragments: 0, bytes: 0 }
  }

  async release(capability: Capability, options: UpkeepOptions = {}): Promise<ReleaseResult> {
    this.begin('release', options.signal)
    this.find(capability)
    this.kept.delete(capability.root)
    return { stripes: 1, fragments: 33, unanswered: 0 }
  }

  hold(content: Bytes, type: string, what: Capability['what']): PutResult {
    const root = present(parseIdText<StripeId>(createHash('sha256').update(content).digest('hex')), 'a hash is an id')
    this.kept.set(root, { content, type })
    const capability: Capability = { what, right: 'read', root, key: new Uint8Array(randomBytes(32)) }
    return { capability, bytes: content.length, segments: 1, fragments: { needed: 4, total: 33, placed: 33 } }
  }

  find(capability: Capability): Kept {
    const kept = this.kept.get(capability.root)
    if (kept !== undefined) return kept
    throw new Failure('not-found', 'no node has it', { details: { asked: 20, answered: 20 } })
  }

  opened(content: Bytes, type: string): OpenObject {
    const { failAt } = this
    return {
      size: content.length,
      type,
      async *stream({ range, signal } = {}) {
        const end = range === undefined ? content.length : range.end + 1
        for (let at = range?.start ?? 0; at < end; at += CHUNK_BYTES) {
          if (signal?.aborted === true) throw abortFailure(signal)
          const failure = failAt(at)
          if (failure !== undefined) throw failure
          yield content.subarray(at, Math.min(at + CHUNK_BYTES, end))
        }
      },
    }
  }

  private begin(call: Call, signal: AbortSignal | undefined): void {
    if (signal !== undefined) this.signals.push(signal)
    const failure = this.failCall(call)
    if (failure !== undefined) throw failure
  }
}

export class MemoryDirectories implements Directories {
  private readonly objects: MemoryObjects
  private readonly trees = new Map<StripeId, readonly KeptEntry[]>()

  constructor(objects: MemoryObjects) {
    this.objects = objects
  }

  async put(entries: AsyncIterable<TreeSource>): Promise<PutDirectoryResult> {
    const tree: KeptEntry[] = []
    for await (const { entry, content } of entries) tree.push({ entry, content: await gather(content) })
    const marker = new TextEncoder().encode(JSON.stringify(tree.map(({ entry }) => entry)))
    const result = this.objects.hold(marker, '', 'directory')
    this.trees.set(result.capability.root, tree)
    return { ...result, entries: tree.length }
  }

  keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult> {
    return this.objects.keep(capability, options)
  }

  repair(capability: Capability, options: UpkeepOptions = {}): Promise<RepairResult> {
    return this.objects.repair(capability, options)
  }

  release(capability: Capability, options: UpkeepOptions = {}): Promise<ReleaseResult> {
    this.trees.delete(capability.root)
    return this.objects.release(capability, options)
  }

  /** One segment for each entry. */
  async health(capability: Capability): Promise<Health> {
    const health = await this.objects.health(capability)
    return { ...health, segments: this.find(capability).length }
  }

  async open(capability: Capability): Promise<OpenDirectory> {
    const { objects } = this
    const tree = this.find(capability)
    const at = (path: string): KeptEntry => {
      const found = tree.find(({ entry }) => entry.path === path)
      if (found === undefined) throw new Failure('not-found', `nothing stands at ${path}`)
      return found
    }
    return {
      list: async (path) => tree.map(({ entry }) => entry).filter((entry) => parentOf(entry.path) === path),
      stat: async (path) => at(path).entry,
      open: async (path) => objects.opened(at(path).content, at(path).entry.type),
      async *walk() {
        for (const { entry, content } of tree) {
          yield { entry, content: () => objects.opened(content, entry.type).stream() }
        }
      },
    }
  }

  private find(capability: Capability): readonly KeptEntry[] {
    const tree = this.trees.get(capability.root)
    if (tree === undefined) throw new Failure('not-found', 'no node has it')
    return tree
  }
}

async function gather(source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<Bytes> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of source) {
    pieces.push(piece.slice())
    bytes += piece.length
    onBytes?.(bytes)
  }
  return concat(...pieces)
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** A node's storage that keeps nothing. */
export const emptyStorage: NodeStorage = {
  usage: () => ({ fragments: 0, bytes: 0, quotaBytes: undefined, senders: [], hasCountedAll: true }),
  verify: async () => ({ fragments: 0, bytes: 0, damaged: 0 }),
  gc: async () => ({ fragments: 0, bytes: 0 }),
  handOver: async () => ({ fragments: 0, left: 0 }),
}
