/** Scores say of every kind of target whether it is met. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartSvg } from './chart.ts'
import { documentText } from './document.ts'
import { jobKey, jobsOf, planned } from './plan.ts'
import { jsonLine } from './report.ts'
import type { Case, Scenario, Target } from './scenario.ts'
import { numberText, scored, type Score } from './score.ts'

const SIZE = { nodes: 10, trials: 1 }

function scenarioOf(targets: readonly Target[]): Scenario {
  const cases = targets.map((target, x): Case => ({
    parameters: { x },
    baseline: { value: 0.5, low: 0.4, high: 0.6 },
    target,
    measure: async (seed) => seed,
  }))
  return { id: 'A0', title: 'nothing', rules: 'none', unit: 'ratio', full: SIZE, quick: SIZE, cases }
}

/** Scores of a scenario of which every case measured the same value with every seed. */
function scoresOf(targets: readonly Target[], values: readonly number[]): readonly Score[] {
  const entries = planned([scenarioOf(targets)], { quick: true })
  const measured = jobsOf(entries).map(
    (job) => [jobKey(job), { value: values[job.caseIndex] ?? 0, tookMs: 0 }] as const,
  )
  return scored(entries, new Map(measured))
}

test('bounds, reproductions and trends are met or not', () => {
  const metOf = (target: Target, value: number): boolean | undefined => scoresOf([target], [value])[0]?.met
  assert.equal(metOf({ atLeast: 0.9 }, 0.9), true)
  assert.equal(metOf({ atLeast: 0.9 }, 0.89), false)
  assert.equal(metOf({ atMost: 3 }, 3.1), false)
  assert.equal(metOf('reproduces', 0.6), true)
  assert.equal(metOf('reproduces', 0.61), false)
  assert.equal(metOf('none', 0), undefined)
  const falls = scoresOf([{ along: 'falls' }, { along: 'falls' }, { along: 'falls' }], [3, 2, 2])
  assert.deepEqual(
    falls.map(({ met }) => met),
    [undefined, true, false],
  )
})

test('a scenario that is not there is refused by name', () => {
  assert.throws(() => planned([scenarioOf([])], { quick: true, only: ['A99'] }), /no scenario A99; there are A0/)
})

test('shares are printed so that their distance from all and nothing shows', () => {
  assert.deepEqual(
    [0.5, 0.9999, 1, 0, 1e-6].map((value) => numberText(value, 'share')),
    ['50 %', '99.99 %', '100 %', '0 %', '1.0e-6'],
  )
  assert.equal(numberText(2.34567, 'ratio'), '2.35')
})

test('a line of JSON has all that a program needs', () => {
  const [score] = scoresOf([{ atLeast: 0.9 }], [0.95])
  assert.deepEqual(JSON.parse(jsonLine(score!, 'abc')), {
    id: 'A0',
    params: { x: 0, nodes: 10, trials: 1 },
    baseline: 0.5,
    measured: 0.95,
    low: 0.95,
    high: 0.95,
    target: '>= 0.9',
    met: true,
    seeds: 1,
    commit: 'abc',
  })
})

test('the document says first what is not met and what was not run', () => {
  const scores = scoresOf([{ atLeast: 0.9 }], [0.5])
  const other = { ...scenarioOf([]), id: 'A1', title: 'something' }
  const text = documentText(scores, [scores[0]!.scenario, other], { commit: 'abc', command: 'x' })
  assert.match(text, /- A0, x 0: 0\.5, target >= 0\.9\./)
  assert.match(text, /- A1, something: not run here\./)
})

test('a chart is well-formed and has a line for every series', () => {
  const points = [1, 10, 100].map((x) => ({ x, y: x / 100, low: 0, high: 1 }))
  const chart = { name: 'c', title: 'a < b', x: 'n', xLabel: 'n', yLabel: 'y', logX: true }
  const svg = chartSvg(chart, [
    { label: 'one', points },
    { label: 'two', points },
  ])
  assert.equal(svg.match(/<polyline/g)?.length, 2)
  assert.match(svg, /a &lt; b/)
  assert.doesNotMatch(svg, /NaN|undefined/)
})
