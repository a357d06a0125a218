/** Lines that share a world are scored one by one, and scores say of every kind of target whether it is met. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentText, type Provenance } from './document.ts'
import { knownMissOf } from './known.ts'
import { jobKey, jobsOf, planned } from './plan.ts'
import { jsonLine, tableLines } from './report.ts'
import type { Line, Scenario, Target } from './scenario.ts'
import { numberText, scored, type Score } from './score.ts'

const SIZE = { nodes: 10, trials: 1000 }

function linesOf(targets: readonly Target[]): readonly Line[] {
  return targets.map((target, x) => ({
    parameters: { x },
    baseline: { value: 0.5, low: 0.4, high: 0.6 },
    target,
    unit: 'ratio',
  }))
}

/** One world for all of them. */
function scenarioOf(lines: readonly Line[]): Scenario {
  return {
    id: 'A0',
    title: 'nothing',
    rules: 'none',
    unit: 'share',
    full: SIZE,
    quick: SIZE,
    seedCount: 2,
    cases: [{ lines, measure: async (seed) => lines.map(() => seed) }],
    charts: [{ name: 'c', title: 'c', x: 'x', xLabel: 'x', yLabel: 'y' }],
  }
}

/** Scores of a scenario of which every line measured the same value with every seed. */
function scoresOf(lines: readonly Line[], values: readonly number[], { quick } = { quick: true }): readonly Score[] {
  const entries = planned([scenarioOf(lines)], { quick })
  const measured = jobsOf(entries).map((job) => [jobKey(job), { values, cpuMs: 0 }] as const)
  return scored(entries, new Map(measured), { quick })
}

test('lines that share a world are measured by one job for each seed', () => {
  const jobs = jobsOf(planned([scenarioOf(linesOf(['none', 'none', 'none']))], { quick: false }))
  assert.deepEqual(
    jobs.map(({ groupIndex, seed }) => [groupIndex, seed]),
    [
      [0, 1],
      [0, 2],
    ],
  )
  assert.deepEqual(
    scoresOf(linesOf(['none', 'none']), [3, 4]).map(({ outcome }) => outcome.median),
    [3, 4],
  )
})

test('bounds, reproductions and trends are met or not', () => {
  const metOf = (target: Target, value: number): boolean | undefined => scoresOf(linesOf([target]), [value])[0]?.met
  assert.equal(metOf({ atLeast: 0.9 }, 0.9), true)
  assert.equal(metOf({ atLeast: 0.9 }, 0.89), false)
  assert.equal(metOf({ atMost: 3 }, 3), true)
  assert.equal(metOf({ atMost: 3 }, 3.1), false)
  assert.equal(metOf('reproduces', 0.6), true)
  assert.equal(metOf('reproduces', 0.61), false)
  assert.equal(metOf('none', 0), undefined)
  const falls = scoresOf(linesOf([{ along: 'falls' }, { along: 'falls' }, { along: 'falls' }]), [3, 2, 2], {
    quick: false,
  })
  assert.deepEqual(
    falls.map(({ met }) => met),
    [undefined, true, false],
  )
})

test('a share of a full run must keep its bound in the median and over all seeds together', () => {
  const line: Line = { parameters: { x: 0 }, target: { atLeast: 0.999 } }
  const entries = planned([{ ...scenarioOf([line]), seedCount: 3 }], { quick: false })
  const met = (values: readonly number[]): boolean | undefined => {
    const measured = jobsOf(entries).map((job, nth) => [jobKey(job), { values: [values[nth] ?? 0], cpuMs: 0 }] as const)
    return scored(entries, new Map(measured), { quick: false })[0]?.met
  }
  assert.equal(met([1, 1, 0.998]), true)
  assert.equal(met([1, 1, 0.99]), false)
})

test('a quick run allows a share what chance does once in a hundred runs, and a line what its size cannot show', () => {
  const line: Line = { parameters: { x: 0 }, target: { atLeast: 0.999 } }
  const met = (value: number, quick: boolean, of = line): boolean | undefined =>
    scoresOf([of], [value], { quick })[0]?.met
  // Of 1,000 tries that fail with chance 0.001 as many as four do once in fifty runs, as many as five once in 270.
  assert.deepEqual([met(0.996, true), met(0.995, true), met(0.996, false)], [true, false, false])
  const smaller: Line = { ...line, quickTarget: { atLeast: 0.5 } }
  assert.deepEqual([met(0.6, true, smaller), met(0.6, false, smaller)], [true, false])
})

test('a known miss is one line of one scenario', () => {
  const [score] = scoresOf(linesOf([{ atLeast: 0.9 }]), [0.5])
  const miss = { id: 'A0', case: 'x 0', why: 'so' }
  assert.equal(knownMissOf(score!, [miss]), miss)
  assert.equal(knownMissOf(score!, [{ ...miss, case: 'x 1' }]), undefined)
  assert.match(tableLines([score!])[1] ?? '', / NO /)
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
  const [score] = scoresOf(linesOf([{ atLeast: 0.9 }]), [0.95])
  assert.deepEqual(JSON.parse(jsonLine(score!, 'abc')), {
    id: 'A0',
    params: { x: 0, nodes: 10, trials: 1000 },
    baseline: 0.5,
    measured: 0.95,
    mean: 0.95,
    low: 0.95,
    high: 0.95,
    target: '>= 0.9',
    met: true,
    seeds: 1,
    commit: 'abc',
  })
})

test('the document says first what is not met and what was not run, and links to every section', () => {
  const scores = scoresOf(linesOf([{ atLeast: 0.9 }]), [0.5])
  const other = { ...scenarioOf([]), id: 'R-A1', title: 'something, of "others"' }
  const text = documentText(scores, [scores[0]!.scenario, other], provenanceOf('abc'))
  const [first = ''] = text.split('## Everything')
  assert.match(first, /- \*\*A0\*\*, nothing, x 0: 0\.5; target >= 0\.9\. \*\*The reason is not known yet/)
  assert.match(first, /- R-A1, something, of "others": not run here\./)
  assert.match(text, /\[R-A1\]\(#r-a1-something-of-others\)/)
  assert.match(text, /### R-A1: something, of "others"/)
  assert.match(text, /!\[c\]\(c\.svg\)/)
})

test('the document says where a scenario was measured, when that was not where it was written', () => {
  const scores = scoresOf(linesOf([{ atLeast: 0.9 }]), [0.5])
  const textOf = (measuredAt: string): string =>
    documentText(scores, [scores[0]!.scenario], { ...provenanceOf('abc'), commitOf: () => measuredAt })
  assert.match(textOf('def'), /Measured at commit def\./)
  assert.doesNotMatch(textOf('abc'), /Measured at commit/)
})

function provenanceOf(commit: string): Provenance {
  return { commit, commitOf: () => commit, command: 'x' }
}
