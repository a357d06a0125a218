/**
 * The simulated world's speed and memory.
 *
 *   node bench/world.ts [nodes] [seconds]    events per second of trivial nodes (1000) that keep a few requests under way to random
 *                                            peers, as objects and as frames, over so many virtual seconds (20)
 *   node bench/world.ts --join full N        N whole nodes join and settle; then objects are put and read back
 *   node bench/world.ts --join overlay N     N overlays join and settle; then random points are looked up, judged by the truth
 *
 * A join prints virtual and real time, processor time, events, resident memory at its peak, and how many answers were right. Its
 * progress goes to standard error. It takes processor time of other threads, such as the collector's, into account.
 */
import { spawnSync } from 'node:child_process'
import { argv, execArgv, execPath, exit } from 'node:process'
import { parseArgs } from 'node:util'
import { measureJoin } from './worldJoin.ts'
import { askOthers, frameOthers, measureTraffic } from './worldTraffic.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { join: { type: 'string' } } })
const [nodes = 1000, seconds = 20] = positionals.map(Number)

/**
 * Worlds of 100,000 nodes outgrow the default heap, and requests a small young generation; the lookups of a join live for seconds, and
 * are copied with each collection that finds them young.
 */
const HEAP_FLAGS = ['--max-old-space-size=15360', `--max-semi-space-size=${values.join === undefined ? 64 : 256}`]

if (HEAP_FLAGS.every((flag) => execArgv.includes(flag))) await measure()
else exit(spawnSync(execPath, [...execArgv, ...HEAP_FLAGS, ...argv.slice(1)], { stdio: 'inherit' }).status ?? 1)

async function measure(): Promise<void> {
  switch (values.join) {
    case undefined:
      await measureTraffic('requests as objects', { nodes, seconds }, askOthers)
      await measureTraffic('frames', { nodes, seconds }, frameOthers)
      break
    case 'full':
    case 'overlay':
      await measureJoin(values.join, nodes)
      break
    default:
      console.error(`--join takes full or overlay, not ${values.join}`)
      exit(2)
  }
}
