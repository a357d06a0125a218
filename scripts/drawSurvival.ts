/**
 * Draws docs/survival.svg: one object on a simulated network of 24 nodes, before and after half of them vanish. Every number in the
 * picture is counted in the run that the script makes; the same seed gives the same picture.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, present } from '../src/base/assert.ts'
import { distanceFraction, parseIdText, type NodeId, type Point } from '../src/base/id.ts'
import { KIB, MINUTE, SECOND } from '../src/base/units.ts'
import { InlineCoder } from '../src/coding/inlineCoder.ts'
import { NodePrimitives } from '../src/drivers/nodePrimitives.ts'
import { Node } from '../src/node/node.ts'
import { SeededRandom } from '../src/sim/seededRandom.ts'
import { World } from '../src/sim/world.ts'
import type { Health } from '../src/storage/objects.ts'
import type { Messages } from '../src/wire/messages.ts'
import { PeerNetwork } from '../src/wire/peerNetwork.ts'
import { ROOT } from './install.mjs'

const NODES = 24
const SEED = 20
const OBJECT_BYTES = 600 * KIB

/** Of the ring of nodes, in the units of the picture. */
const RADIUS = 118
const ZERO = present(parseIdText<Point>('0'.repeat(64)), 'zero is an id')

interface Scene {
  readonly title: string
  readonly health: Health
  /** Fragments of the object on each node; undefined for a node that has vanished. */
  readonly fragments: readonly (number | undefined)[]
}

interface Story {
  readonly ids: readonly NodeId[]
  readonly before: Scene
  readonly after: Scene
}

writeFileSync(join(ROOT, 'docs', 'survival.svg'), draw(await play()))

/** Puts an object, lets half of the nodes vanish, and reads it back through a node that had no part in either. */
async function play(): Promise<Story> {
  const primitives = new NodePrimitives()
  const world: World<Node, Messages> = new World<Node, Messages>({
    seed: SEED,
    nodes: NODES,
    spawnEveryMs: 50,
    primitives,
    coder: new InlineCoder(primitives),
    spawn: (ports, index) => {
      const { clock, transport, signer } = ports
      const network = new PeerNetwork({ clock, transport, id: signer.id, networkName: 'picture' })
      const bootstrap = index === 0 ? [] : [world.contact(0)]
      const config = { signer, networkName: 'picture', version: '', survive: 0.5, bootstrap }
      return Node.start({ ...ports, network }, config)
    },
  })
  const node = (index: number): Node => present(world.process(index), `node ${String(index)}`)
  const within = { limitMs: MINUTE }
  await world.run(20 * SECOND)
  const content = new SeededRandom(SEED).bytes(OBJECT_BYTES)
  const { capability } = present(await world.runUntil(node(0).objects.put(chunk(content)), within), 'the put')
  const look = async (title: string): Promise<Scene> => ({
    title,
    health: present(await world.runUntil(node(1).objects.health(capability), within), 'the health'),
    fragments: Array.from({ length: NODES }, (_, index) => world.process(index)?.status().storage.fragments),
  })
  const before = await look('after the put')
  for (const index of chosen()) world.crash(index)
  const after = await look('12 of 24 nodes gone')
  const read = present(await world.runUntil(readAll(node(2), capability), within), 'the read')
  assert(primitives.hash(read).join() === primitives.hash(content).join(), 'the object came back whole')
  return { ids: Array.from({ length: NODES }, (_, index) => world.contact(index).id), before, after }
}

/** Half of the nodes, none of the three that the story needs. */
function chosen(): readonly number[] {
  const random = new SeededRandom(SEED)
  const others = Array.from({ length: NODES - 3 }, (_, index) => index + 3)
  return Array.from({ length: NODES / 2 }, () => present(others.splice(random.integer(others.length), 1)[0], 'a node'))
}

async function readAll(node: Node, capability: Parameters<Node['objects']['open']>[0]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const bytes of (await node.objects.open(capability)).stream()) chunks.push(bytes)
  return Buffer.concat(chunks)
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

function draw({ ids, before, after }: Story): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 392" role="img" font-family="system-ui, sans-serif"
  aria-label="Fragments of one object on 24 nodes, before and after 12 of them vanish">
<style>
  .ground { fill: #ffffff } .ink { fill: #1d2733 } .faint { fill: #66717f } .ring { stroke: #d5dbe3; fill: none }
  .node { fill: #2563a8 } .gone { fill: none; stroke: #b6bfca; stroke-dasharray: 3 3 } .count { fill: #ffffff }
  .bar { fill: #2563a8 } .track { fill: #e4e9ef } .need { stroke: #c2410c }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #12171d } .ink { fill: #e8edf3 } .faint { fill: #97a3b0 } .ring { stroke: #2d3743 }
    .gone { stroke: #4b5866 } .track { fill: #232c36 } .node, .bar { fill: #5b9be0 } .count { fill: #0d1319 } .need { stroke: #fb923c }
  }
</style>
<rect class="ground" width="760" height="392" rx="12"/>
${scene(before, ids, 190)}
${scene(after, ids, 570)}
</svg>
`
}

function scene({ title, health, fragments }: Scene, ids: readonly NodeId[], x: number): string {
  const y = 176
  const marks = ids.map((id, index) => {
    const angle = 2 * Math.PI * spread(ids, id) - Math.PI / 2
    return mark(x + RADIUS * Math.cos(angle), y + RADIUS * Math.sin(angle), fragments[index])
  })
  return `<g>
<text class="ink" x="${x}" y="32" text-anchor="middle" font-size="16" font-weight="600">${title}</text>
<circle class="ring" cx="${x}" cy="${y}" r="${RADIUS}"/>
${marks.join('\n')}
<text class="ink" x="${x}" y="${y - 2}" text-anchor="middle" font-size="26" font-weight="600">${health.alive}</text>
<text class="faint" x="${x}" y="${y + 18}" text-anchor="middle" font-size="13">of ${health.total} fragments</text>
${bar(health, x - 130, 330)}
</g>`
}

/** Nodes stand in the order of their ids and evenly spaced: true angles would overlap. */
function spread(ids: readonly NodeId[], id: NodeId): number {
  const place = ids.filter((other) => distanceFraction(ZERO, other) < distanceFraction(ZERO, id)).length
  return place / ids.length
}

function mark(x: number, y: number, fragments: number | undefined): string {
  const at = `cx="${x.toFixed(1)}" cy="${y.toFixed(1)}"`
  if (fragments === undefined) return `<circle class="gone" ${at} r="11"/>`
  return `<circle class="node" ${at} r="12"/>
<text class="count" x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" text-anchor="middle" font-size="11">${fragments}</text>`
}

/** How much is alive, and the mark of how much is needed. */
function bar({ alive, needed, total }: Health, x: number, y: number): string {
  const width = 260
  const share = (count: number): number => Math.round((width * count) / total)
  return `<rect class="track" x="${x}" y="${y}" width="${width}" height="10" rx="5"/>
<rect class="bar" x="${x}" y="${y}" width="${share(alive)}" height="10" rx="5"/>
<line class="need" x1="${x + share(needed)}" x2="${x + share(needed)}" y1="${y - 5}" y2="${y + 15}" stroke-width="2"/>
<text class="faint" x="${x + share(needed)}" y="${y + 32}" text-anchor="middle" font-size="13">any ${needed} rebuild it</text>`
}
