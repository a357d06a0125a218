/** The HTTP API of one node, as tests speak to it. */
import { createHash, type Hash } from 'node:crypto'
import type { Health, PutResult } from '../src/storage/objects.ts'
import type { NodeStatus } from '../src/node/status.ts'
import type { Testnet } from '../src/testing/testnet.ts'

export type PutAnswer = Omit<PutResult, 'capability'> & { readonly link: string; readonly seconds: number }

/** What a node refuses with. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, problem: { readonly code: string; readonly detail: string }) {
    super(problem.detail)
    this.status = status
    this.code = problem.code
  }
}

export class NodeClient {
  private readonly api: string
  private readonly token: string
  private readonly timeoutMs: number | undefined

  /** With `timeoutMs` every call rejects after so long, its body included. */
  constructor(testnet: Testnet, index: number, timeoutMs?: number) {
    const node = testnet.nodes[index]
    if (node === undefined) throw new Error(`there is no node ${index}`)
    this.api = node.api
    this.token = testnet.token
    this.timeoutMs = timeoutMs
  }

  async put(source: AsyncIterable<Uint8Array>): Promise<PutAnswer> {
    const body = ReadableStream.from(source)
    return (await this.json(`/api/v1/objects`, { method: 'PUT', body, duplex: 'half' })) as PutAnswer
  }

  /** SHA-256 of what comes, and how much it was. `range` is an HTTP range, such as `bytes=0-99`. */
  async get(link: string, range?: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
    const response = await this.request(`/api/v1/objects/${link}`, {}, range === undefined ? {} : { range })
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      hash.update(chunk as Uint8Array)
      bytes += (chunk as Uint8Array).length
    }
    return { sha256: hash.digest('hex'), bytes }
  }

  async health(link: string): Promise<Health> {
    return (await this.json(`/api/v1/health/${link}`)) as Health
  }

  async release(link: string): Promise<void> {
    await this.json(`/api/v1/release/${link}`, { method: 'POST' })
  }

  async status(): Promise<NodeStatus> {
    return (await this.json('/api/v1/status')) as NodeStatus
  }

  private async json(path: string, init: RequestInit = {}): Promise<unknown> {
    return (await this.request(path, init)).json()
  }

  private async request(path: string, init: RequestInit, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = `Bearer ${this.token}`
    const timeout = this.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(this.timeoutMs) }
    const response = await fetch(this.api + path, { ...init, ...timeout, headers: { ...headers, authorization } })
    if (response.ok) return response
    throw new ProblemError(response.status, (await response.json()) as { code: string; detail: string })
  }
}

/** `bytes` of content that no two offsets share, in chunks of 256 KiB, and its hash once it has been read. */
export function content(bytes: number, seed: number): { source: AsyncIterable<Uint8Array>; sha256: () => string } {
  const hash = createHash('sha256')
  let digest: string | undefined
  return { source: chunksOf(bytes, seed, hash), sha256: () => (digest ??= hash.digest('hex')) }
}

const CHUNK_BYTES = 256 * 1024

async function* chunksOf(bytes: number, seed: number, hash: Hash): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const chunk = await Promise.resolve(chunkAt(at, seed).subarray(0, Math.min(CHUNK_BYTES, bytes - at)))
    hash.update(chunk)
    yield chunk
  }
}

/** Bytes that depend on their place by a linear congruential generator (Numerical Recipes), so that no shift goes unnoticed. */
function chunkAt(offset: number, seed: number): Uint8Array {
  const words = new Uint32Array(CHUNK_BYTES / 4)
  let state = (offset ^ (seed * 0x9e3779b1)) >>> 0
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    words[i] = state ^ (state >>> 15)
  }
  return new Uint8Array(words.buffer)
}
