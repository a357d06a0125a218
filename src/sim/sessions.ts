/**
 * People who come and go: sessions and absences with lengths as they were measured in networks of volunteers, many of them
 * short and some very long; disks that are kept or lost, and addresses that have changed at the return. What befalls one
 * node never depends on the others. Absent on purpose: times of day, and newcomers (World.add).
 */
import { assert } from '../base/assert.ts'
import { exp, ln, power } from '../base/exactMath.ts'
import type { SeededRandom } from './seededRandom.ts'
import type { World } from './world.ts'

/** A distribution of lengths in milliseconds. */
export type Lengths = (dice: SeededRandom) => number

/**
 * A Weibull distribution: below a `shape` of 1, whoever has stayed long stays longer. Sessions in BitTorrent had 0.34 to 0.59
 * (Stutzbach and Rejaie, "Understanding churn in peer-to-peer networks", IMC 2006), and those in KAD were Weibull too
 * (Steiner et al., "Long term study of peer behavior in the KAD DHT", IEEE/ACM Transactions on Networking 17, 2009).
 */
export function weibull({ medianMs, shape }: { readonly medianMs: number; readonly shape: number }): Lengths {
  return (dice) => medianMs * power(-ln(positiveFraction(dice)) / LN2, 1 / shape)
}

/**
 * A log-normal distribution, the other that fitted: `sigma`, the deviation of the length's logarithm, was 1.0 to 1.8 in 15 traces of
 * BitTorrent networks (Zhang et al., "The Peer-to-Peer Trace Archive", Delft 2010).
 */
export function logNormal({ medianMs, sigma }: { readonly medianMs: number; readonly sigma: number }): Lengths {
  return (dice) => medianMs * exp(sigma * normal(dice))
}

export interface ChurnOptions {
  readonly sessions: Lengths
  readonly absences: Lengths
  /** Who comes and goes; all that are there when churn begins, when absent. */
  readonly nodes?: readonly number[]
  /** The share of them that never leaves; 0 when absent. */
  readonly stableShare?: number
  /** How nodes leave: this share vanishes without a word (all when absent), the rest stops in good order. */
  readonly vanishShare?: number
  /** The share of returns with an empty disk and under a new identity; 0 when absent. */
  readonly diskLostShare?: number
  /** The share of returns at another address; 0 when absent. */
  readonly moveShare?: number
  /** A node's IPv4 address after so many moves, such as {@link Geography.addressAt}; anywhere in 172.16.0.0/12 when absent. */
  readonly addressAt?: (node: number, moves: number) => string
}

/** What comings and goings need of a world; every world has it. */
type PeopledWorld = Pick<
  World,
  'clock' | 'random' | 'nodeCount' | 'process' | 'isUp' | 'crash' | 'restart' | 'move' | 'stop'
>

/** Begins to let nodes come and go. All begin in the middle of a session: long ones are as common as at any other moment. */
export function churn(world: PeopledWorld, options: ChurnOptions): Churn {
  return new Churn(world, options)
}

const LN2 = ln(2)
/** A moment is taken at random between this and twice this many medians after somebody's first session. */
const MEDIANS_BEFORE = 32

export class Churn {
  private readonly world: PeopledWorld
  private readonly options: ChurnOptions
  private readonly dice: SeededRandom
  private readonly moves = new Map<number, number>()
  private isStopped = false
  private departed = 0
  private returned = 0

  constructor(world: PeopledWorld, options: ChurnOptions) {
    this.world = world
    this.options = options
    this.dice = world.random.fork('churn')
    const nodes = options.nodes ?? Array.from({ length: world.nodeCount }, (_, node) => node)
    for (const node of nodes) this.begin(node)
  }

  get departures(): number {
    return this.departed
  }

  get returns(): number {
    return this.returned
  }

  /** Nobody leaves any more; who is away returns in time. */
  stop(): void {
    this.isStopped = true
  }

  private begin(node: number): void {
    const dice = this.dice.fork(`node/${node}`)
    if (dice.fraction() < (this.options.stableShare ?? 0)) return
    this.world.clock.after(restOf(this.options.sessions, dice), () => this.leave(node, dice))
  }

  private leave(node: number, dice: SeededRandom): void {
    if (this.isStopped) return
    this.departed++
    const process = this.world.process(node)
    const vanishes = dice.fraction() < (this.options.vanishShare ?? 1)
    if (vanishes || process === undefined) this.world.crash(node, 'vanish')
    else void this.world.stop(node)
    this.world.clock.after(this.options.absences(dice), () => {
      // A stop that takes longer than the absence ends as a crash.
      if (process !== undefined && this.world.process(node) === process) this.world.crash(node, 'vanish')
      this.comeBack(node, dice)
    })
  }

  private comeBack(node: number, dice: SeededRandom): void {
    const { diskLostShare = 0, moveShare = 0, sessions } = this.options
    const [losesDisk, hasMoved] = [dice.fraction() < diskLostShare, dice.fraction() < moveShare]
    // Some other fault of the world may have brought it back already.
    if (!this.world.isUp(node)) {
      this.returned++
      if (hasMoved) this.world.move(node, this.nextAddress(node, dice))
      this.world.restart(node, { disk: losesDisk ? 'lost' : 'kept' })
    }
    this.world.clock.after(sessions(dice), () => this.leave(node, dice))
  }

  private nextAddress(node: number, dice: SeededRandom): string {
    const moves = (this.moves.get(node) ?? 0) + 1
    this.moves.set(node, moves)
    return this.options.addressAt?.(node, moves) ?? anyPrivateAddress(dice)
  }
}

/** What is left of the session in which a random moment falls: the longer a session, the likelier it is that one. */
function restOf(lengths: Lengths, dice: SeededRandom): number {
  const medianMs = medianOf(lengths, dice)
  const momentMs = (1 + dice.fraction()) * MEDIANS_BEFORE * medianMs
  let endMs = 0
  while (endMs <= momentMs) endMs += lengths(dice)
  return endMs - momentMs
}

/** Near enough to the median for {@link restOf}, which only needs to know what is long. */
function medianOf(lengths: Lengths, dice: SeededRandom): number {
  const some = Array.from({ length: 9 }, () => lengths(dice)).sort((a, b) => a - b)
  const medianMs = some[4] ?? 0
  assert(medianMs > 0, 'a session has a length')
  return medianMs
}

/** Marsaglia's polar method, for it takes no sine. */
function normal(dice: SeededRandom): number {
  for (;;) {
    const [x, y] = [2 * dice.fraction() - 1, 2 * dice.fraction() - 1]
    const square = x * x + y * y
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * ln(square)) / square)
  }
}

/** In (0, 1). */
function positiveFraction(dice: SeededRandom): number {
  return (dice.integer(2 ** 32 - 1) + 1) / 2 ** 32
}

function anyPrivateAddress(dice: SeededRandom): string {
  return `172.${16 + dice.integer(16)}.${dice.integer(256)}.${1 + dice.integer(254)}`
}
