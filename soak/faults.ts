/**
 * What befalls the nodes, at random under one seed and never more at once than the objects survive: processes killed and started again,
 * disks lost with a new node in the place of the old, processes stopped for seconds, bytes flipped on disks.
 */
import { rm } from 'node:fs/promises'
import { SECOND } from '../src/base/units.ts'
import type { SeededRandom } from '../src/sim/seededRandom.ts'
import type { TestnetNode } from '../src/testing/testnet.ts'
import { pick, type Fleet } from './fleet.ts'
import type { Spell } from './spell.ts'
import { rotFragments } from './rot.ts'
import type { Traffic } from './traffic.ts'

export type FaultKind = 'restart' | 'replace' | 'stop' | 'rot'

/** Each as often as it stands here. */
const KINDS: readonly FaultKind[] = ['restart', 'restart', 'restart', 'stop', 'stop', 'replace', 'rot']
const FAULT_EVERY_MS = 4 * SECOND
const DOWN_MS_MAX = 4 * SECOND
const STOPPED_MS_MAX = 8 * SECOND
/** Of a node's fragments, when its disk rots. */
const ROTTEN_SHARE_MAX = 0.5
/** Share of the nodes that faults have hold of at once. */
const AT_ONCE_SHARE = 1 / 8
/** Nodes that every object must survive beside those that faults have hold of, before something is destroyed for good. */
const MARGIN_NODES = 2

export class Faults {
  readonly counts: Record<FaultKind | 'withheld', number> = { restart: 0, replace: 0, stop: 0, rot: 0, withheld: 0 }
  /** What nodes did not come back from. */
  readonly notHealed: string[] = []
  private readonly underWay = new Set<Promise<void>>()
  private readonly fleet: Fleet
  private readonly traffic: Traffic
  private readonly random: SeededRandom

  constructor(fleet: Fleet, traffic: Traffic, random: SeededRandom) {
    this.fleet = fleet
    this.traffic = traffic
    this.random = random
  }

  /** Until the spell ends; faults under way then go on until they are healed. */
  async run(spell: Spell): Promise<void> {
    while (await spell.sleep(FAULT_EVERY_MS / 2 + this.random.integer(FAULT_EVERY_MS))) {
      if (this.fleet.impairedCount >= Math.max(1, Math.floor(this.fleet.size * AT_ONCE_SHARE))) continue
      const kind = pick(KINDS, this.random)
      if ((kind === 'replace' || kind === 'rot') && !(await this.isSurvivable())) this.counts.withheld++
      else this.begin(kind)
    }
  }

  /** Every node is as it should be again. */
  async healed(): Promise<void> {
    await Promise.all(this.underWay)
  }

  private begin(kind: FaultKind): void {
    const node = this.fleet.victim(this.random, kind !== 'stop')
    this.counts[kind]++
    const fault = this.fleet
      .during(node, () => this.befall(kind, node))
      .catch((error: unknown) => {
        this.notHealed.push(`${kind} of node ${node.index}: ${String(error)}`)
      })
    this.underWay.add(fault)
    void fault.then(() => this.underWay.delete(fault))
  }

  private async befall(kind: FaultKind, node: TestnetNode): Promise<void> {
    if (kind === 'stop') {
      process.kill(node.pid, 'SIGSTOP')
      await after(this.random.integer(STOPPED_MS_MAX))
      process.kill(node.pid, 'SIGCONT')
      return
    }
    await node.kill('SIGKILL')
    if (kind === 'replace') await rm(node.dir, { recursive: true, force: true })
    if (kind === 'rot') await rotFragments(node.dir, this.random.fraction() * ROTTEN_SHARE_MAX, this.random)
    await after(this.random.integer(DOWN_MS_MAX))
    await node.restart()
  }

  /** What the network says of its objects decides; when it says too much, objects are lost and the verdict tells. */
  private async isSurvivable(): Promise<boolean> {
    const survivable = await this.traffic.survivableShare()
    return survivable * this.fleet.size >= this.fleet.impairedCount + 1 + MARGIN_NODES
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
