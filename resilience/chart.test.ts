/** Charts are well-formed and their points stand where the axes say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartSvg, type ChartLine } from './chart.ts'

const CHART = { name: 'c', title: 'a < b', x: 'n', xLabel: 'n', yLabel: 'y', logX: true }

function lineOf(label: string, xs: readonly number[], yOf: (x: number) => number): ChartLine {
  return { label, points: xs.map((x) => ({ x, y: yOf(x), low: 0, high: 1 })) }
}

/** Where a tick's label or a line's nth point stands. */
function tickX(svg: string, label: string): number {
  return Number(new RegExp(`<text x="([\\d.]+)"[^>]*text-anchor="middle">${label}<`).exec(svg)?.[1])
}
function pointsOf(svg: string): readonly (readonly [number, number])[] {
  const points = /<polyline points="([^"]+)"/.exec(svg)?.[1] ?? ''
  return points.split(' ').map((pair) => {
    const [x = NaN, y = NaN] = pair.split(',').map(Number)
    return [x, y]
  })
}

test('a chart has a line and a name for every series, and no text that is markup', () => {
  const svg = chartSvg(CHART, [lineOf('one', [1, 10, 100], (x) => x / 100), lineOf('two', [1, 10, 100], () => 0.5)])
  assert.equal(svg.match(/<polyline/g)?.length, 2)
  assert.match(svg, />one<.*>two</s)
  assert.match(svg, /a &lt; b/)
  assert.doesNotMatch(svg, /NaN|undefined/)
})

test('on an axis of powers of ten points stand between their ticks, also when the first is no power of ten', () => {
  const svg = chartSvg(CHART, [lineOf('', [16, 100, 1000], (x) => x / 1000)])
  const [ten, hundred, thousand] = ['10', '100', '1,000'].map((label) => tickX(svg, label)) as [number, number, number]
  const [first = NaN, second, third] = pointsOf(svg).map(([x]) => x)
  assert.ok(Math.abs(first - (ten + Math.log10(1.6) * (hundred - ten))) < 0.2, `${first} from ${ten}`)
  assert.deepEqual([second, third], [hundred, thousand])
})

test('what is 0 stands at the foot of an axis of powers of ten', () => {
  const svg = chartSvg({ ...CHART, logY: true }, [lineOf('', [1, 10, 100], (x) => (x === 1 ? 0 : 1 / x))])
  const [zero = NaN, tenth = NaN, hundredth = NaN] = pointsOf(svg).map(([, y]) => y)
  assert.ok(zero >= hundredth && hundredth > tenth)
})

test('what was published is dashed in the colour of ours', () => {
  const svg = chartSvg(CHART, [
    lineOf('ours', [1, 10], () => 0.5),
    { ...lineOf('theirs', [1, 10], () => 0.6), isPublished: true },
  ])
  const lines = svg.match(/<polyline[^>]*>/g) ?? []
  assert.equal(new Set(lines.map((line) => /stroke="(#\w+)"/.exec(line)?.[1])).size, 1)
  assert.deepEqual(
    lines.map((line) => line.includes('stroke-dasharray')),
    [false, true],
  )
})
