/** The passing of time, real or virtual. Nothing in the core reads a clock or sets a timer but through this port. */

export interface Clock {
  /** Milliseconds since the Unix epoch; in the world, virtual. Never goes back within a run. */
  now(): number
  /**
   * Calls `fire` once, `delayMs` from now (at once counts as the next event, never inside this call). Returns what cancels
   * it; cancelling after it has fired does nothing.
   */
  after(delayMs: number, fire: () => void): () => void
  /** Settles after `delayMs`; rejects with the failure of the signal (`abortFailure`) as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}
