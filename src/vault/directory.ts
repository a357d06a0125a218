/** Directories in types: what goes in, what comes out. vault/directoryStore.ts does it. */
import type { Bytes } from '../base/bytes.ts'
import type { Capability } from '../crypto/link.ts'
import type {
  ByteRange,
  Health,
  KeepResult,
  OpenObject,
  PutOptions,
  PutResult,
  ReleaseResult,
  RepairResult,
  UpkeepOptions,
} from '../storage/objects.ts'

export type EntryKind = 'file' | 'directory' | 'symlink'

/** One thing in a tree. */
export interface TreeEntry {
  /** Relative, with `/` between names; no empty names, `.` or `..`. At most 4096 bytes of UTF-8. */
  readonly path: string
  readonly kind: EntryKind
  /** Permission bits, 0 .. 0o7777. */
  readonly mode: number
  /** Last modification in microseconds since the epoch. */
  readonly modifiedUs: number
  /** Of a file's content; 0 otherwise. */
  readonly size: number
  /** Media type of a file; empty when unknown. */
  readonly type: string
  /** Where a symlink points; empty otherwise. */
  readonly target: string
}

/** An entry on its way in; `content` of a file is read once, before the next entry is asked for. */
export interface TreeSource {
  readonly entry: TreeEntry
  readonly content: AsyncIterable<Uint8Array>
}

export interface PutDirectoryResult extends PutResult {
  /** Files, directories and symlinks. */
  readonly entries: number
}

export interface OpenDirectory {
  /** What stands directly in the directory at `path` ('' for the root), by name. Fails with `not-found` or as open does. */
  list(path: string, options?: { readonly signal?: AbortSignal }): Promise<readonly TreeEntry[]>
  /** The entry at `path`; fails with `not-found`. */
  stat(path: string, options?: { readonly signal?: AbortSignal }): Promise<TreeEntry>
  /** The file at `path`, to be read like any object. Fails with `not-found`, or `invalid` for what is no file. */
  open(path: string, options?: { readonly signal?: AbortSignal }): Promise<OpenObject>
  /** Every entry, parents before what is in them; `content` of a file may be read or left. */
  walk(options?: { readonly signal?: AbortSignal }): AsyncIterable<{
    readonly entry: TreeEntry
    content(range?: ByteRange): AsyncIterable<Bytes>
  }>
}

export interface Directories {
  /** Stores a tree. Missing parents are made with mode 0755. Fails as Objects.put does, `invalid` for impossible paths. */
  put(entries: AsyncIterable<TreeSource>, options?: PutOptions): Promise<PutDirectoryResult>
  open(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<OpenDirectory>
  /** Of everything in the tree together. Needs a read capability: a verify link to a directory covers its listing alone. */
  health(capability: Capability, options?: { readonly signal?: AbortSignal }): Promise<Health>
  /** Objects.keep, repair and release, of everything in the tree together. */
  keep(capability: Capability, options: UpkeepOptions & { readonly leaseMs: number }): Promise<KeepResult>
  repair(capability: Capability, options?: UpkeepOptions): Promise<RepairResult>
  release(capability: Capability, options?: UpkeepOptions): Promise<ReleaseResult>
}
