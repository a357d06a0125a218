/** Scores for readers: a table for the terminal and the document, one line of JSON for programs. */
import { knownMissOf } from './known.ts'
import { numberText, parametersText, targetText, type Score } from './score.ts'

const HEADINGS = ['', 'case', 'published', 'measured', '95 % interval', 'target', 'met', 'nodes', 'seeds'] as const

/** Lines of a table with aligned columns. */
export function tableLines(scores: readonly Score[]): readonly string[] {
  const rows = [[...HEADINGS], ...scores.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The table of one scenario, which its heading names. */
export function markdownLines(scores: readonly Score[]): readonly string[] {
  const rows = scores.map((score) => `| ${cells(score).slice(1).join(' | ')} |`)
  const headings = HEADINGS.slice(1)
  return [`| ${headings.join(' | ')} |`, `|${headings.map(() => '---').join('|')}|`, ...rows]
}

/** One object: ids as in the table, shares as fractions, seeds as how many were run (they are 1, 2, 3 and so on). */
export function jsonLine(score: Score, commit: string): string {
  const { scenario, line, outcome, target } = score
  return JSON.stringify({
    id: scenario.id,
    params: { ...line.parameters, nodes: score.nodes, trials: score.trials },
    baseline: line.baseline?.value ?? null,
    measured: outcome.median,
    mean: outcome.mean,
    low: outcome.low,
    high: outcome.high,
    target: targetText(target, 'ratio') || null,
    met: score.met ?? null,
    seeds: score.seedCount,
    commit,
  })
}

function cells(score: Score): string[] {
  const { scenario, line, outcome } = score
  const number = (value: number): string => numberText(value, outcome.unit)
  return [
    scenario.id,
    parametersText(line.parameters),
    line.baseline === undefined ? '' : number(line.baseline.value),
    number(outcome.median),
    `${number(outcome.low)} .. ${number(outcome.high)}`,
    targetText(score.target, outcome.unit),
    metText(score),
    String(nodesOf(score)),
    String(score.seedCount),
  ]
}

function metText(score: Score): string {
  if (score.met === undefined) return ''
  if (score.met) return 'yes'
  return knownMissOf(score) === undefined ? 'NO' : 'no (known)'
}

/** A line whose parameters name a size is of that size. */
function nodesOf({ line, nodes }: Score): string | number {
  return line.parameters.N ?? nodes
}
