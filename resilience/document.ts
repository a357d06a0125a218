/**
 * docs/resilience.md and its charts, from the scores of a full run: what fails first, then every attack on one page, then each with
 * its promise, its numbers and its rules.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { chartSvg, type ChartLine } from './chart.ts'
import { knownMissOf } from './known.ts'
import { markdownLines } from './report.ts'
import type { Chart, Scenario } from './scenario.ts'
import { draws, numberText, parametersText, targetText, type Score } from './score.ts'

const DOCS = new URL('../docs/', import.meta.url)

export interface Provenance {
  readonly commit: string
  /** Where a scenario was measured; not always there. */
  readonly commitOf: (scenarioId: string) => string
  /** What was given on the command line. */
  readonly command: string
}

export function writeDocument(scores: readonly Score[], scenarios: readonly Scenario[], provenance: Provenance): void {
  mkdirSync(DOCS, { recursive: true })
  writeFileSync(new URL('resilience.md', DOCS), documentText(scores, scenarios, provenance))
  for (const chart of scenarios.flatMap(({ charts = [] }) => charts)) {
    const drawn = scores.filter((score) => draws(chart, score.line) && score.scenario.charts?.includes(chart) === true)
    if (drawn.length > 0) writeFileSync(new URL(`${chart.name}.svg`, DOCS), chartSvg(chart, linesOf(drawn, chart)))
  }
}

export function documentText(scores: readonly Score[], scenarios: readonly Scenario[], provenance: Provenance): string {
  const own = scenarios.filter((scenario) => !isBaseline(scenario))
  return [
    '# What the network survives, measured',
    '',
    'Attacks and faults that are known to bring down peer-to-peer networks, run against the shipped code in a simulated world of up to',
    '10,000 nodes: what is attacked, what is promised, what came out, and what fails. The numbers are written by',
    '`npm run resilience` and not edited by hand. Before ours, the rig measures published systems by their own rules: where it cannot',
    'reproduce what was published about them, its other figures deserve less trust, and the next section says so.',
    '',
    '## What fails',
    '',
    ...failures(scores, scenarios),
    '',
    '## Everything on one page',
    '',
    ...overview(scores, scenarios),
    '',
    '## How to read the numbers',
    '',
    ...howToRead(provenance),
    '',
    '## The attacks and faults',
    '',
    ...own.flatMap((scenario) => section(scenario, scores, provenance)),
    '## The rig itself: what was published about others',
    '',
    ...scenarios.filter(isBaseline).flatMap((scenario) => section(scenario, scores, provenance)),
  ].join('\n')
}

function isBaseline({ id }: Scenario): boolean {
  return id.startsWith('R-')
}

function failures(scores: readonly Score[], scenarios: readonly Scenario[]): readonly string[] {
  const missed = scores.filter(({ met }) => met === false)
  const known = missed.filter((score) => knownMissOf(score) !== undefined)
  const unknown = missed.filter((score) => knownMissOf(score) === undefined)
  const notRun = scenarios.filter((scenario) => scores.every((score) => score.scenario !== scenario))
  if (missed.length + notRun.length === 0) return ['Nothing: every target below is met.']
  return [
    ...known.map((score) => `- ${failureText(score)} ${knownMissOf(score)?.why ?? ''}`),
    ...unknown.map((score) => `- ${failureText(score)} **The reason is not known yet.**`),
    ...notRun.map(({ id, title }) => `- ${id}, ${title}: not run here.`),
  ]
}

function failureText({ scenario, line, outcome, target }: Score): string {
  const wanted =
    target === 'reproduces'
      ? `published: ${numberText(line.baseline?.value ?? NaN, outcome.unit)}`
      : `target ${targetText(target, outcome.unit)}`
  const { id, title } = scenario
  return `**${id}**, ${title}, ${parametersText(line.parameters)}: ${numberText(outcome.median, outcome.unit)}; ${wanted}.`
}

function overview(scores: readonly Score[], scenarios: readonly Scenario[]): readonly string[] {
  const rows = scenarios.map((scenario) => {
    const judged = scores.filter((score) => score.scenario === scenario && score.met !== undefined)
    const met = judged.filter((score) => score.met === true).length
    const wasRun = scores.some((score) => score.scenario === scenario)
    const verdict = !wasRun
      ? 'not run here'
      : judged.length === 0
        ? 'nothing promised'
        : met === judged.length
          ? 'kept'
          : `**${met} of ${judged.length}**`
    const { id, title, promise = '' } = scenario
    return `| [${id}](#${anchorOf(scenario)}) | ${title} | ${promise} | ${verdict} |`
  })
  return ['| | attack or fault | promise | lines that keep it |', '|---|---|---|---|', ...rows]
}

function howToRead({ commit, command }: Provenance): readonly string[] {
  return [
    '"Measured" is the median over the seeds, and its interval the 95 % interval of the median by order statistics (with fewer than six',
    'seeds: the sampling error of all tries, or the range). A share that has a bound must keep it in the median and over the tries of',
    'all seeds together. What reproduces a publication is met when its interval and the range that the publication leaves open overlap. A',
    'curve that must fall, or never rise, is compared with its neighbour to the left.',
    '',
    `Commit ${commit}, \`${command}\`. The same command on the same commit gives the same numbers. \`--only A4\` runs one scenario,`,
    '`--nodes 2000` changes the size, `--seeds 5` the number of seeds (they are 1, 2, 3 and so on), `--quick` does all in a minute and is',
    'part of the tests, `--resume` goes on where a run stopped.',
  ]
}

function section(scenario: Scenario, scores: readonly Score[], { commit, commitOf }: Provenance): readonly string[] {
  const measuredAt = commitOf(scenario.id)
  const own = scores.filter((score) => score.scenario === scenario)
  return [
    `### ${headingOf(scenario)}`,
    '',
    ...(scenario.promise === undefined ? [] : [`Promised: ${scenario.promise}`, '']),
    scenario.rules,
    '',
    ...(own.length === 0 ? ['Not run here.', ''] : [...markdownLines(own), '']),
    ...(own.length === 0 || measuredAt === commit ? [] : [`Measured at commit ${measuredAt}.`, '']),
    ...(scenario.charts ?? [])
      .filter((chart) => own.some(({ line }) => draws(chart, line)))
      .flatMap((chart) => [`![${chart.title}](${chart.name}.svg)`, '']),
  ]
}

function headingOf({ id, title }: Scenario): string {
  return `${id}: ${title}`
}

/** As renderers of Markdown name headings. */
function anchorOf(scenario: Scenario): string {
  return headingOf(scenario)
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function linesOf(scores: readonly Score[], { x, series }: Chart): readonly ChartLine[] {
  const names = new Set(scores.map(({ line }) => (series === undefined ? '' : String(line.parameters[series] ?? ''))))
  return [...names].flatMap((name) => {
    const of = scores.filter(({ line }) => series === undefined || String(line.parameters[series] ?? '') === name)
    const measured = of.map(({ line, outcome }) => ({
      x: Number(line.parameters[x]),
      y: outcome.median,
      low: outcome.low,
      high: outcome.high,
    }))
    const published = of.flatMap(({ line }) =>
      line.baseline === undefined
        ? []
        : [{ x: Number(line.parameters[x]), y: line.baseline.value, low: line.baseline.low, high: line.baseline.high }],
    )
    if (published.length === 0) return [{ label: name, points: measured }]
    return [
      { label: name === '' ? 'measured' : name, points: measured },
      { label: name === '' ? 'published' : `${name}, published`, points: published, isPublished: true },
    ]
  })
}
