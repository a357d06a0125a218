/** How far a transfer is, on stderr: a bar where there is a terminal, else a line now and then. */
import { printSize } from '../base/quantities.ts'
import { PROGRESS_BAR_MS, PROGRESS_LINE_MS } from './limits.ts'

export interface Amount {
  readonly bytes: number
  readonly fragmentsPlaced?: number
  readonly fragmentsTotal?: number
}

const BAR_CHARS = 24

export class Progress {
  private readonly totalBytes: number | undefined
  private readonly isTerminal: boolean
  private readonly silent: boolean
  private readonly startMs = performance.now()
  private shownMs = performance.now()
  private drawn = false

  constructor(options: { readonly totalBytes?: number | undefined; readonly quiet?: boolean | undefined }) {
    this.totalBytes = options.totalBytes
    this.isTerminal = process.stderr.isTTY
    this.silent = options.quiet === true
  }

  update(amount: Amount): void {
    const nowMs = performance.now()
    const periodMs = this.isTerminal ? PROGRESS_BAR_MS : PROGRESS_LINE_MS
    if (this.silent || nowMs - this.shownMs < periodMs) return
    this.shownMs = nowMs
    const text = progressText(amount, this.totalBytes, (nowMs - this.startMs) / 1000)
    process.stderr.write(this.isTerminal ? `\r\u001b[2K${text}` : `${text}\n`)
    this.drawn = true
  }

  /** Takes the bar away, so that what follows stands alone. */
  end(): void {
    if (this.drawn && this.isTerminal) process.stderr.write('\r\u001b[2K')
  }
}

/** The same pieces, with the amount that has passed told to `progress`. */
export async function* counted(pieces: AsyncIterable<Uint8Array>, progress: Progress): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of pieces) {
    yield piece
    bytes += piece.length
    progress.update({ bytes })
  }
}

export function progressText(amount: Amount, totalBytes: number | undefined, seconds: number): string {
  const { bytes, fragmentsPlaced, fragmentsTotal } = amount
  const rate = bytes / Math.max(seconds, 0.001)
  const parts = [`${printSize(bytes)}${totalBytes === undefined ? '' : ` of ${printSize(totalBytes)}`}`]
  parts.push(`${printSize(rate)}/s`)
  if (totalBytes !== undefined && rate > 0) parts.push(`${Math.ceil(Math.max(0, totalBytes - bytes) / rate)} s left`)
  if (fragmentsTotal !== undefined && fragmentsTotal > 0) {
    parts.push(`${fragmentsPlaced ?? 0} of ${fragmentsTotal} fragments placed`)
  }
  const bar = totalBytes === undefined || totalBytes === 0 ? '' : `${barOf(bytes / totalBytes, BAR_CHARS)} `
  return `${bar}${parts.join(', ')}`
}

/** A share of 0 .. 1 as `[####----]`. */
export function barOf(share: number, chars: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * chars)
  return `[${'#'.repeat(full)}${'-'.repeat(chars - full)}]`
}
