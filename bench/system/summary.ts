/** Medians and spread of what the runs measured, one line for each system and operation. */
import type { Floor } from './floor.ts'
import type { SmallWork } from './subject.ts'

export interface Measured {
  readonly subject: string
  readonly run: number
  readonly what: 'put' | 'get'
  readonly bytes: number
  readonly seconds: number
  /** Of all processes of the system. */
  readonly cpuSeconds: number
  /** Of a get. */
  readonly firstByteMs?: number | undefined
}

export interface MeasuredSmall extends SmallWork {
  readonly subject: string
  readonly run: number
  readonly count: number
}

export interface Figures {
  readonly measured: readonly Measured[]
  readonly small: readonly MeasuredSmall[]
  readonly floors: readonly Floor[]
}

export function summary({ measured, small, floors }: Figures): string {
  const groups = Map.groupBy(measured, ({ subject, what }) => `${subject} ${what}`)
  const smallGroups = Map.groupBy(small, ({ subject }) => subject)
  return [
    ...floors.map(floorLine),
    ...[...groups].map(([name, runs]) => line(name, runs)),
    ...[...smallGroups].map(([name, runs]) => smallLine(name, runs)),
  ].join('\n')
}

function smallLine(name: string, runs: readonly MeasuredSmall[]): string {
  const rates = (seconds: (run: MeasuredSmall) => number): string => spread(runs.map((run) => run.count / seconds(run)))
  return (
    `${`${name} small`.padEnd(22)} ${rates(({ putSeconds }) => putSeconds)} puts/s  ` +
    `${rates(({ getSeconds }) => getSeconds)} gets/s  ${rates(({ warmGetSeconds }) => warmGetSeconds)} warm gets/s`
  )
}

export function floorLine({ name, bytes, seconds, cpuSeconds }: Floor): string {
  return `${name.padEnd(22)} ${(bytes / 1e6 / seconds).toFixed(0)} MB/s  ${((cpuSeconds * 1e9) / bytes).toFixed(2)} CPU s/GB`
}

function line(name: string, runs: readonly Measured[]): string {
  const rates = spread(runs.map(({ bytes, seconds }) => bytes / 1e6 / seconds))
  const cpu = spread(runs.map(({ bytes, cpuSeconds }) => (cpuSeconds * 1e9) / bytes))
  return `${name.padEnd(22)} ${rates} MB/s  ${cpu} CPU s/GB`
}

/** Median, least and most. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
  return `${middle.toFixed(1)} (${(sorted[0] ?? NaN).toFixed(1)} .. ${(sorted.at(-1) ?? NaN).toFixed(1)})`
}
