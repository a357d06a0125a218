/** The figures of two subjects beside one another, with how many times the first's the second's is. */
import type { Result, Usage } from './results.ts'

type Kind = Result['kind']
type Of<K extends Kind> = Extract<Result, { kind: K }>

interface Row {
  readonly title: string
  readonly digits: number
  /** Undefined where the subject has no such figure. */
  readonly of: (results: readonly Result[]) => number | undefined
  /** False where a ratio would say nothing. */
  readonly compared?: boolean
}

const TITLE_CHARS = 46
const CELL_CHARS = 12

export function table(ours: readonly Result[], theirs: readonly Result[]): string {
  const rows = [...beginning(), ...calm(1), ...calm(8), ...distance(), ...aftermath(), ...seconds([...ours, ...theirs])]
  return [
    `A: ${titleOf(ours)}`,
    `B: ${titleOf(theirs)}`,
    '',
    line('', 'A', 'B', 'B / A'),
    ...rows.map((row) => comparison(row, ours, theirs)),
    ...aside([...ours, ...theirs]),
  ].join('\n')
}

function beginning(): readonly Row[] {
  return [
    { title: 'start: s', digits: 1, of: (all) => find(all, 'start')?.seconds },
    { title: 'start: CPU s', digits: 1, of: (all) => find(all, 'start')?.cpuSeconds },
    { title: 'start: resident MiB', digits: 0, of: (all) => find(all, 'start')?.rssMib },
    { title: 'recall stops to rise after s', digits: 0, of: (all) => find(all, 'settled')?.afterSeconds },
    { title: 'recall then', digits: 4, compared: false, of: (all) => find(all, 'settled')?.recall },
    { title: 'idle: CPU ms per s', digits: 1, of: (all) => scaled(cpuShare(find(all, 'idle')), 1000) },
    { title: 'idle: resident MiB', digits: 0, of: (all) => find(all, 'idle')?.rssMib },
  ]
}

function calm(concurrency: number): readonly Row[] {
  const of = (results: readonly Result[]): Of<'lookups'> | undefined =>
    find(results, 'lookups', (each) => !each.aside && each.concurrency === concurrency)
  const when = concurrency === 1 ? 'one at a time' : `${concurrency} at a time`
  return [
    { title: `lookup, ${when}: median ms`, digits: 2, of: (all) => of(all)?.medianMs },
    { title: '  median ms of those that asked others', digits: 2, of: (all) => of(all)?.askedMedianMs },
    { title: '  p90 ms', digits: 2, of: (all) => of(all)?.p90Ms },
    { title: '  p99 ms', digits: 2, of: (all) => of(all)?.p99Ms },
    {
      title: '  median CPU ms while under way',
      digits: 2,
      of: (all) => (concurrency === 1 ? of(all)?.medianCpuMs : undefined),
    },
    { title: '  CPU ms each, all nodes together', digits: 2, of: (all) => cpuMsEach(of(all)) },
    { title: '  CPU s had per s', digits: 2, compared: false, of: (all) => cpuShare(of(all)) },
    { title: '  requests each', digits: 1, of: (all) => of(all)?.requests },
    { title: '  share that asked nobody', digits: 2, compared: false, of: (all) => of(all)?.known },
    { title: '  recall of the true 20 nearest', digits: 4, compared: false, of: (all) => of(all)?.recall },
    { title: '  failed', digits: 0, compared: false, of: (all) => of(all)?.failed },
    { title: '  resident MiB', digits: 0, of: (all) => of(all)?.rssMib },
  ]
}

function distance(): readonly Row[] {
  return [
    { title: 'lookup, each request 500 ms late: median ms', digits: 0, of: (all) => find(all, 'far')?.medianMs },
    { title: '  round trips one after another', digits: 1, of: (all) => find(all, 'far')?.roundTrips },
  ]
}

function aftermath(): readonly Row[] {
  return [
    { title: 'killed', digits: 0, compared: false, of: (all) => find(all, 'killed')?.nodes },
    {
      title: '  recall stays at 0.99 or above from second',
      digits: 0,
      of: (all) => find(all, 'killed')?.recoveredSecond,
    },
    { title: '  CPU s in all', digits: 1, of: (all) => find(all, 'killed')?.cpuSeconds },
    { title: '  resident MiB', digits: 0, of: (all) => find(all, 'killed')?.rssMib },
  ]
}

function seconds(results: readonly Result[]): readonly Row[] {
  const seen = new Set(results.flatMap((each) => (each.kind === 'second' ? [each.second] : [])))
  return [...seen]
    .sort((a, b) => a - b)
    .map((second) => ({
      title: `  recall in second ${second}`,
      digits: 3,
      compared: false,
      of: (all) => find(all, 'second', (each) => each.second === second)?.recall,
    }))
}

/** Other ways to look up, of which a few were measured to say what they cost. */
function aside(results: readonly Result[]): readonly string[] {
  return results.flatMap((each) => {
    if (each.kind !== 'lookups' || !each.aside) return []
    const cpu = cpuMsEach(each)?.toFixed(0)
    const cost = `median ${each.medianMs.toFixed(0)} ms, CPU ${cpu} ms, ${each.requests.toFixed(0)} requests each`
    return [`beside, by ${each.way}: ${cost}, recall ${each.recall.toFixed(4)} over ${each.count}`]
  })
}

function comparison(
  { title, digits, of, compared = true }: Row,
  ours: readonly Result[],
  theirs: readonly Result[],
): string {
  const [a, b] = [of(ours), of(theirs)]
  const ratio = compared && a !== undefined && b !== undefined && a > 0 ? `${(b / a).toFixed(1)}x` : ''
  return line(title, figure(a, digits), figure(b, digits), ratio)
}

function figure(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits)
}

function line(title: string, ...cells: readonly string[]): string {
  return title.padEnd(TITLE_CHARS) + cells.map((cell) => cell.padStart(CELL_CHARS)).join('')
}

function find<K extends Kind>(
  results: readonly Result[],
  kind: K,
  matches: (result: Of<K>) => boolean = () => true,
): Of<K> | undefined {
  return results.find((each): each is Of<K> => each.kind === kind && matches(each as Of<K>))
}

function titleOf(results: readonly Result[]): string {
  return find(results, 'start')?.title ?? 'ended before it had started'
}

function cpuMsEach(lookups: Of<'lookups'> | undefined): number | undefined {
  return lookups && (1000 * lookups.cpuSeconds) / lookups.count
}

/** Below 1 while there was work to do: other programs of the machine had the rest. */
function cpuShare(usage: Usage | undefined): number | undefined {
  return usage && usage.cpuSeconds / usage.seconds
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value && value * by
}
