/** docs/resilience.md and its charts, from the scores of a full run. What fails and what has not been run is said first. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { chartSvg, type ChartLine } from './chart.ts'
import { markdownLines, parametersText } from './report.ts'
import type { Scenario } from './scenario.ts'
import { numberText, targetText, type Score } from './score.ts'

const DOCS = new URL('../docs/', import.meta.url)

export interface Provenance {
  readonly commit: string
  /** What was given on the command line. */
  readonly command: string
}

export function writeDocument(scores: readonly Score[], scenarios: readonly Scenario[], provenance: Provenance): void {
  mkdirSync(DOCS, { recursive: true })
  writeFileSync(new URL('resilience.md', DOCS), documentText(scores, scenarios, provenance))
  for (const { chart, of } of chartsOf(scores)) {
    writeFileSync(new URL(`${chart.name}.svg`, DOCS), chartSvg(chart, linesOf(of, chart.x, chart.series)))
  }
}

export function documentText(
  scores: readonly Score[],
  scenarios: readonly Scenario[],
  { commit, command }: Provenance,
): string {
  const failed = scores.filter(({ met }) => met === false)
  const notRun = scenarios.filter((scenario) => scores.every((score) => score.scenario !== scenario))
  return [
    '# What the network survives, measured',
    '',
    'Written by `npm run resilience`; the numbers are not edited by hand. Attacks run against the shipped overlay in the',
    'simulated world; lines whose id begins with `R-` run a published system by its own rules, and must come out as published',
    'before any other line means something. "Measured" is the median over the seeds, its interval the 95 % interval of the',
    'median by order statistics (with fewer than six seeds: the sampling error of a share, or the range). An `R-` line is met when',
    'that interval and the range its publication leaves open overlap.',
    '',
    `Commit ${commit}, \`${command}\`. The same command on the same commit gives the same numbers. \`--only A4\` runs one scenario,`,
    '`--nodes 2000` changes the size, `--seeds 5` the number of seeds (they are 1, 2, 3 and so on), `--quick` does all in a minute.',
    '',
    '## What is not met',
    '',
    ...(failed.length === 0 ? ['Every target of the lines below is met.'] : failed.map(failureLine)),
    ...notRun.map(({ id, title }) => `- ${id}, ${title}: not run here.`),
    '',
    '## The table',
    '',
    ...markdownLines(scores),
    '',
    '## Curves',
    '',
    ...chartsOf(scores).flatMap(({ chart }) => [`![${chart.title}](${chart.name}.svg)`, '']),
    '## By which rules',
    '',
    ...scenarios.flatMap(({ id, title, rules }) => [`### ${id}: ${title}`, '', rules, '']),
  ].join('\n')
}

function failureLine({ scenario, case: each, measured }: Score): string {
  const { id, unit } = scenario
  const wanted =
    each.target === 'reproduces'
      ? `published: ${numberText(each.baseline?.value ?? NaN, unit)}`
      : `target ${targetText(each.target, unit)}`
  return `- ${id}, ${parametersText(each.parameters)}: ${numberText(measured, unit)}, ${wanted}.`
}

function chartsOf(scores: readonly Score[]) {
  const drawn = [...new Set(scores.map(({ scenario }) => scenario))]
  return drawn.flatMap((scenario) =>
    scenario.chart === undefined
      ? []
      : [{ chart: scenario.chart, of: scores.filter((score) => score.scenario === scenario) }],
  )
}

function linesOf(scores: readonly Score[], x: string, series: string | undefined): readonly ChartLine[] {
  const lines = new Map<string, Score[]>()
  for (const score of scores) {
    const label = series === undefined ? '' : String(score.case.parameters[series] ?? '')
    lines.set(label, [...(lines.get(label) ?? []), score])
  }
  return [...lines].map(([label, of]) => ({
    label,
    points: of.map(({ case: each, measured, low, high }) => ({
      x: Number(each.parameters[x]),
      y: measured,
      low,
      high,
    })),
  }))
}
