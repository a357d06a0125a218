/** The nodes under test, and which of them a fault has hold of. Nobody asks those, and nothing else befalls them. */
import { present } from '../src/base/assert.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'
import type { Testnet, TestnetNode } from '../src/testing/testnet.ts'
import { NodeClient } from '../test/nodeClient.ts'

/** A loaded machine takes long; what takes longer hangs. */
const CALL_MS_MAX = 90_000
/** One node in so many keeps its process from the start to the end, so that its memory tells something. */
const LASTING_EVERY = 4

export class Fleet {
  readonly testnet: Testnet
  private readonly impaired = new Set<number>()
  /** How many faults have befallen each node. */
  private readonly faultCounts = new Map<number, number>()

  constructor(testnet: Testnet) {
    this.testnet = testnet
  }

  get impairedCount(): number {
    return this.impaired.size
  }

  get size(): number {
    return this.testnet.nodes.length
  }

  client(index: number): NodeClient {
    return new NodeClient(this.testnet, index, CALL_MS_MAX)
  }

  /** Some node that no fault has hold of. */
  anyone(random: SeededRandom): number {
    return pick(this.sound(), random).index
  }

  /** Some sound node for a fault, none that must last unless the fault leaves the process alive. */
  victim(random: SeededRandom, mayEnd: boolean): TestnetNode {
    return pick(
      this.sound().filter(({ index }) => !mayEnd || index % LASTING_EVERY !== 0),
      random,
    )
  }

  /** Runs a fault on a node, from its beginning until the node serves again. One that it does not come back from has hold of it for good. */
  async during(node: TestnetNode, fault: () => Promise<void>): Promise<void> {
    this.impaired.add(node.index)
    this.faultCounts.set(node.index, this.faultsOf(node.index) + 1)
    await fault()
    this.impaired.delete(node.index)
  }

  /** A call that began and ended at the same count, with the node sound, was not disturbed. */
  faultsOf(index: number): number {
    return this.faultCounts.get(index) ?? 0
  }

  isImpaired(index: number): boolean {
    return this.impaired.has(index)
  }

  private sound(): readonly TestnetNode[] {
    return this.testnet.nodes.filter(({ index, isRunning }) => isRunning && !this.impaired.has(index))
  }
}

export function pick<T>(from: readonly T[], random: SeededRandom): T {
  return present(from[random.integer(from.length)], 'there is one to pick')
}
