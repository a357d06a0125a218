/** Line charts as SVG text: lines with their 95 % bands, axes with round numbers, readable in light and dark pages. */
import type { Chart } from './scenario.ts'

export interface ChartPoint {
  readonly x: number
  readonly y: number
  readonly low: number
  readonly high: number
}

export interface ChartLine {
  readonly label: string
  readonly points: readonly ChartPoint[]
}

const WIDTH = 720
const HEIGHT = 420
const MARGIN = { left: 72, right: 24, top: 48, bottom: 56 }
/** Distinguishable with any colour vision (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const TICK_COUNT = 5

export function chartSvg(chart: Chart, lines: readonly ChartLine[]): string {
  const points = lines.flatMap((line) => line.points)
  const x = axis(
    points.map((point) => point.x),
    chart.logX === true,
    [MARGIN.left, WIDTH - MARGIN.right],
  )
  const y = axis(
    points.flatMap((point) => [point.low, point.high]),
    chart.logY === true,
    [HEIGHT - MARGIN.bottom, MARGIN.top],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 24, chart.title, 'font-size="15" text-anchor="middle"'),
    ...x.ticks.flatMap((value) => xTick(x.at(value), value)),
    ...y.ticks.flatMap((value) => yTick(y.at(value), value)),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 14, chart.xLabel, 'text-anchor="middle"'),
    text(0, 0, chart.yLabel, `text-anchor="middle" transform="translate(18 ${HEIGHT / 2}) rotate(-90)"`),
    ...lines.flatMap((line, nth) => drawn(line, nth, x.at, y.at)),
    '</svg>',
    '',
  ].join('\n')
}

interface Axis {
  readonly ticks: readonly number[]
  readonly at: (value: number) => number
}

function axis(values: readonly number[], isLog: boolean, [from, to]: readonly [number, number]): Axis {
  const positive = isLog ? values.filter((value) => value > 0) : [0, ...values]
  const [low, high] = [Math.min(...positive), Math.max(...positive)]
  const ticks = isLog ? powersOfTen(low, high) : roundNumbers(low, high)
  const scale = isLog ? Math.log10 : Number
  const [first, last] = [scale(Math.min(low, ticks[0] ?? low)), scale(Math.max(high, ticks.at(-1) ?? high))]
  const span = last - first || 1
  return { ticks, at: (value) => from + ((scale(Math.max(value, isLog ? low : value)) - first) / span) * (to - from) }
}

function roundNumbers(low: number, high: number): readonly number[] {
  const rough = (high - low || 1) / TICK_COUNT
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  const first = Math.floor(low / step)
  const count = Math.ceil(high / step) - first
  return Array.from({ length: count + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

function powersOfTen(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
}

function drawn(
  line: ChartLine,
  nth: number,
  x: (value: number) => number,
  y: (value: number) => number,
): readonly string[] {
  const colour = COLOURS[nth % COLOURS.length] ?? '#000000'
  const points = [...line.points].sort((a, b) => a.x - b.x)
  const path = (of: readonly ChartPoint[], value: (point: ChartPoint) => number): string =>
    of.map((point) => `${x(point.x).toFixed(1)},${y(value(point)).toFixed(1)}`).join(' ')
  const band = `${path(points, (point) => point.high)} ${path([...points].reverse(), (point) => point.low)}`
  const labelY = MARGIN.top + 6 + 18 * nth
  return [
    `<polygon points="${band}" fill="${colour}" fill-opacity="0.15"/>`,
    `<polyline points="${path(points, (point) => point.y)}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      (point) => `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="${colour}"/>`,
    ),
    text(WIDTH - MARGIN.right - 8, labelY, line.label, `text-anchor="end" style="fill:${colour}"`),
  ]
}

function xTick(at: number, value: number): readonly string[] {
  const bottom = HEIGHT - MARGIN.bottom
  return [
    `<path d="M${at.toFixed(1)} ${MARGIN.top}V${bottom}" stroke="#dddddd"/>`,
    text(at, bottom + 18, tickText(value), 'text-anchor="middle"'),
  ]
}

function yTick(at: number, value: number): readonly string[] {
  return [
    `<path d="M${MARGIN.left} ${at.toFixed(1)}H${WIDTH - MARGIN.right}" stroke="#dddddd"/>`,
    text(MARGIN.left - 8, at + 4, tickText(value), 'text-anchor="end"'),
  ]
}

function tickText(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential()
  return value.toLocaleString('en', { maximumFractionDigits: 3 })
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#222222" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
