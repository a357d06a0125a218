/** Scores for readers: a table for the terminal and the document, one line of JSON for programs. */
import type { Parameters } from './scenario.ts'
import { numberText, targetText, type Score } from './score.ts'

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

export function markdownLines(scores: readonly Score[]): readonly string[] {
  const rows = scores.map((score) => `| ${cells(score).join(' | ')} |`)
  return [`| ${HEADINGS.join(' | ')} |`, `|${HEADINGS.map(() => '---').join('|')}|`, ...rows]
}

/** One object: ids as in the table, shares as fractions, seeds as how many were run (they are 1, 2, 3 and so on). */
export function jsonLine(score: Score, commit: string): string {
  const { scenario, case: each } = score
  return JSON.stringify({
    id: scenario.id,
    params: { ...each.parameters, nodes: score.nodes, trials: score.trials },
    baseline: each.baseline?.value ?? null,
    measured: score.measured,
    low: score.low,
    high: score.high,
    target: targetText(each.target, 'ratio') || null,
    met: score.met ?? null,
    seeds: score.seedCount,
    commit,
  })
}

export function parametersText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => (typeof value === 'string' ? value : `${name} ${value}`))
    .join(', ')
}

function cells(score: Score): string[] {
  const { scenario, case: each } = score
  const { unit } = scenario
  const number = (value: number): string => numberText(value, unit)
  return [
    scenario.id,
    parametersText(each.parameters),
    each.baseline === undefined ? '' : number(each.baseline.value),
    number(score.measured),
    `${number(score.low)} .. ${number(score.high)}`,
    targetText(each.target, unit),
    score.met === undefined ? '' : score.met ? 'yes' : 'NO',
    String(score.nodes),
    String(score.seedCount),
  ]
}
