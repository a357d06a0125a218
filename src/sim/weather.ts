/**
 * Faults that befall a random part of a world: nodes and links that are slow or clogged, nodes cut off, nodes that crash and
 * return. Each method begins one fault and returns at once; the fault ends by itself in the world's time, or when the world
 * is healed. Whom it hits follows from the world's seed and from the faults before it, never from what nodes do.
 * Absent on purpose: faults of disks (simDisk.ts), of single calls (faults.ts) and of people who come and go (sessions.ts).
 */
import { assert } from '../base/assert.ts'
import { SECOND } from '../base/units.ts'
import { avalanche } from './fastHash.ts'
import type { LinkSet } from './links.ts'
import type { SeededRandom } from './seededRandom.ts'
import type { World } from './world.ts'

export interface Spell {
  /** Of all nodes, or of all links, 0 .. 1. */
  readonly share: number
  readonly durationMs: number
}

export interface SlowSpell extends Spell {
  /** What every message takes longer. */
  readonly extraMs: number
}

export interface CrashSpell extends Spell {
  /** What becomes of the disk when the node starts again; kept when absent. */
  readonly disk?: 'kept' | 'lost'
  /** As in {@link World.crash}. */
  readonly how?: 'crash' | 'vanish'
}

export interface UnsettledOptions {
  readonly durationMs: number
  /** A new fault begins this often. */
  readonly everyMs: number
  /** No fault hits a greater share than this, or lasts longer than `spellMsMax`. */
  readonly shareMax: number
  readonly spellMsMax: number
}

/** What weather needs of a world; every world has it. */
type WeatherWorld = Pick<
  World,
  'clock' | 'random' | 'nodeCount' | 'isUp' | 'crash' | 'restart' | 'cut' | 'slowWhere' | 'clogWhere'
>

export class Weather {
  private readonly world: WeatherWorld
  private readonly dice: SeededRandom

  /** `label` tells the dice of several weathers of one world apart. */
  constructor(world: WeatherWorld, label = 'weather') {
    this.world = world
    this.dice = world.random.fork(label)
  }

  /** What is sent to and by some nodes is held back until the spell is over. Returns the nodes. */
  clogNodes({ share, durationMs }: Spell): readonly number[] {
    const nodes = this.someNodes(share)
    this.world.clogWhere(touching(nodes), durationMs)
    return nodes
  }

  /** What is sent to and by some nodes takes longer. Returns the nodes. */
  slowNodes({ share, durationMs, extraMs }: SlowSpell): readonly number[] {
    const nodes = this.someNodes(share)
    this.world.clock.after(durationMs, this.world.slowWhere(touching(nodes), extraMs))
    return nodes
  }

  /** As {@link clogNodes} for some links, each in both directions. */
  clogLinks({ share, durationMs }: Spell): void {
    this.world.clogWhere(this.someLinks(share), durationMs)
  }

  /** As {@link slowNodes} for some links, each in both directions. */
  slowLinks({ share, durationMs, extraMs }: SlowSpell): void {
    this.world.clock.after(durationMs, this.world.slowWhere(this.someLinks(share), extraMs))
  }

  /**
   * Some nodes are clogged one after the other and freed one after the other in another order ("swizzling", as FoundationDB's
   * simulation calls it: Zhou et al., "FoundationDB", SIGMOD 2021). Returns the nodes.
   */
  swizzle({ share, durationMs }: Spell): readonly number[] {
    const nodes = this.someNodes(share)
    for (const node of nodes) {
      const [fromMs, untilMs] = [this.within(0, durationMs / 2), this.within(durationMs / 2, durationMs)]
      this.world.clock.after(fromMs, () => this.world.clogWhere(touching([node]), untilMs - fromMs))
    }
    return nodes
  }

  /** Some nodes reach one another and nobody else. Returns them. */
  cutOff({ share, durationMs }: Spell): readonly number[] {
    const nodes = this.someNodes(share)
    this.isolate(nodes, durationMs)
    return nodes
  }

  /** These nodes, such as those of an AS or a region, reach one another and nobody else of those there are now. */
  isolate(nodes: readonly number[], durationMs: number): void {
    const inside = new Set(nodes)
    const outside = this.everyNode().filter((node) => !inside.has(node))
    this.world.clock.after(durationMs, this.world.cut(nodes, outside))
  }

  /** Some of the nodes that are up crash, and start again when the spell is over. Returns them. */
  crash({ share, durationMs, disk = 'kept', how = 'crash' }: CrashSpell): readonly number[] {
    const nodes = this.someOf(
      this.everyNode().filter((node) => this.world.isUp(node)),
      share,
    )
    for (const node of nodes) {
      this.world.crash(node, how)
      this.world.clock.after(durationMs, () => {
        if (!this.world.isUp(node)) this.world.restart(node, { disk })
      })
    }
    return nodes
  }

  /** Faults of every kind, one after another and over one another. All have ended `spellMsMax` after the last began. */
  unsettled(options: UnsettledOptions): void {
    const faultCount = Math.floor(options.durationMs / options.everyMs)
    for (let nth = 0; nth < faultCount; nth++) {
      this.world.clock.after(nth * options.everyMs, () => this.anyFault(options))
    }
  }

  private anyFault({ shareMax, spellMsMax }: UnsettledOptions): void {
    const spell = { share: this.within(0, shareMax), durationMs: this.within(0, spellMsMax) }
    const extraMs = this.within(0, 2 * SECOND)
    const faults = [
      () => this.clogNodes(spell),
      () => this.slowNodes({ ...spell, extraMs }),
      () => this.clogLinks(spell),
      () => this.slowLinks({ ...spell, extraMs }),
      () => this.swizzle(spell),
      () => this.cutOff(spell),
      () => this.crash(spell),
      () => this.crash({ ...spell, how: 'vanish' }),
    ]
    faults[this.dice.integer(faults.length)]?.()
  }

  private someNodes(share: number): readonly number[] {
    return this.someOf(this.everyNode(), share)
  }

  private someOf(nodes: readonly number[], share: number): readonly number[] {
    assert(share >= 0 && share <= 1, 'a share is between none and all')
    const left = [...nodes]
    const count = Math.round(share * nodes.length)
    return Array.from({ length: count }, () => left.splice(this.dice.integer(left.length), 1)).flat()
  }

  /** Whether a link is hit follows from its two nodes and one roll of the dice, so that many links cost no more than few. */
  private someLinks(share: number): LinkSet {
    const salt = this.dice.integer(2 ** 32)
    return (from, to) => {
      const [low, high] = [Math.min(from, to), Math.max(from, to)]
      return avalanche(avalanche(salt ^ low) ^ high) < share * 2 ** 32
    }
  }

  private within(low: number, high: number): number {
    return low + this.dice.fraction() * (high - low)
  }

  private everyNode(): readonly number[] {
    return Array.from({ length: this.world.nodeCount }, (_, node) => node)
  }
}

/** All links to and from some nodes. */
function touching(nodes: readonly number[]): LinkSet {
  const set = new Set(nodes)
  return (from, to) => set.has(from) || set.has(to)
}
