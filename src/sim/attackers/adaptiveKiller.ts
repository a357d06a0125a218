/** An attacker with eyes everywhere and one weapon: again and again it ends the nodes on which most others depend. */
import type { MessageMap } from '../../ports/network.ts'
import type { SimProcess } from '../machine.ts'
import type { World } from '../world.ts'

export interface KillerOptions {
  /** The share of the living that each strike ends; at least one node. */
  readonly share: number
  readonly everyMs: number
  readonly strikes: number
  /** How much depends on a node, such as how many name it in their tables. */
  readonly importanceOf: (node: number) => number
  readonly spared?: readonly number[]
}

/** Begins the strikes, the first one period from now. Returns who has been killed, a list that grows. */
export function killBestConnected<P extends SimProcess, M extends MessageMap>(
  world: World<P, M>,
  options: KillerOptions,
): readonly number[] {
  const killed: number[] = []
  for (let strike = 1; strike <= options.strikes; strike++) {
    world.clock.after(strike * options.everyMs, () => {
      for (const node of mostImportant(world, options)) {
        world.crash(node, 'vanish')
        killed.push(node)
      }
    })
  }
  return killed
}

function mostImportant<P extends SimProcess, M extends MessageMap>(
  world: World<P, M>,
  { share, importanceOf, spared = [] }: KillerOptions,
): readonly number[] {
  const living = Array.from({ length: world.nodeCount }, (_, node) => node).filter((node) => world.isUp(node))
  const ranked = living
    .filter((node) => !spared.includes(node))
    .map((node) => ({ node, importance: importanceOf(node) }))
    .sort((a, b) => b.importance - a.importance || a.node - b.node)
  return ranked.slice(0, Math.max(1, Math.round(share * living.length))).map(({ node }) => node)
}
