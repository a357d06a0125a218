/**
 * The least processor time that our put and get can take for 10^9 bytes of payload on this machine: each step that the design asks for, once,
 * at the rate of the floor measured in the same run. What is not in it (framing, timers, garbage, placement) is what there is to gain.
 */
import type { Floor } from './floor.ts'

export interface Step {
  readonly floor: string
  /** How often each byte of payload goes through it. */
  readonly times: number
}

/** `redundancy` is bytes stored for a byte of payload. */
export function putSteps(redundancy: number): readonly Step[] {
  return [
    // From the client to its node.
    { floor: 'TCP', times: 1 },
    // Encryption.
    { floor: 'AES-256-CTR', times: 1 },
    // Parity fragments.
    { floor: 'encode', times: 1 },
    // The stripe's id, by the writer.
    { floor: 'SHA-256', times: redundancy },
    // To the holders.
    { floor: 'TLS', times: redundancy },
    // Verified by the holders.
    { floor: 'SHA-256', times: redundancy },
    // Kept.
    { floor: 'LMDB writes', times: redundancy },
  ]
}

export function getSteps(): readonly Step[] {
  return [
    // Out of the holders' stores.
    { floor: 'memory copy', times: 1 },
    // From the holders.
    { floor: 'TLS', times: 1 },
    // Verified by the reader.
    { floor: 'SHA-256', times: 1 },
    // Decryption.
    { floor: 'AES-256-CTR', times: 1 },
    // From the node to its client.
    { floor: 'TCP', times: 1 },
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
