/**
 * The least processor time that our put and get can take for 10^9 bytes of payload on this machine: each step that the design asks for, once,
 * at the rate of the floor measured in the same run. What is not in it (framing, timers, garbage, placement) is what there is to gain.
 */
import type { Floor } from './floor.ts'

export interface Step {
  readonly floor: string
  /** How often each byte of payload goes through it. */
  readonly times: number
  readonly why: string
}

/** `redundancy` is bytes stored for a byte of payload. */
export function putSteps(redundancy: number): readonly Step[] {
  return [
    { floor: 'TCP', times: 1, why: 'from the client to its node' },
    { floor: 'AES-256-CTR', times: 1, why: 'encryption' },
    { floor: 'encode', times: 1, why: 'parity fragments' },
    { floor: 'SHA-256', times: redundancy, why: "the stripe's id, by the writer" },
    { floor: 'TLS', times: redundancy, why: 'to the holders' },
    { floor: 'SHA-256', times: redundancy, why: 'verified by the holders' },
    { floor: 'LMDB writes', times: redundancy, why: 'kept' },
  ]
}

export function getSteps(): readonly Step[] {
  return [
    { floor: 'memory copy', times: 1, why: "out of the holders' stores" },
    { floor: 'TLS', times: 1, why: 'from the holders' },
    { floor: 'SHA-256', times: 1, why: 'verified by the reader' },
    { floor: 'AES-256-CTR', times: 1, why: 'decryption' },
    { floor: 'TCP', times: 1, why: 'from the node to its client' },
  ]
}

/** CPU seconds for 10^9 bytes of payload. */
export function leastCpuSeconds(steps: readonly Step[], floors: readonly Floor[]): number {
  return steps.reduce(
    (sum, { floor, times }) =>
      sum +
      times *
        perGb(
          floors.find(({ name }) => name === floor),
          floor,
        ),
    0,
  )
}

function perGb(floor: Floor | undefined, name: string): number {
  if (floor === undefined) throw new Error(`${name} was not measured`)
  return (floor.cpuSeconds * 1e9) / floor.bytes
}
