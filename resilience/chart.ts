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
  /** True for what others have published: dashed, with hollow points, in the colour of the line before it. */
  readonly isPublished?: boolean
}

const WIDTH = 720
const HEIGHT = 420
const MARGIN = { left: 72, right: 32, top: 64, bottom: 56 }
/** Distinguishable with any colour vision (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const TICK_COUNT = 5
/** Above the plot: a swatch and its label, one beside the other; letters are about so wide. */
const LEGEND = { y: 44, swatch: 22, gap: 18, letter: 7.5 }

export function chartSvg(chart: Chart, lines: readonly ChartLine[]): string {
  const points = lines.flatMap((line) => line.points)
  const x = axis(
    points.map((point) => point.x),
    chart.logX === true,
    [MARGIN.left, WIDTH - MARGIN.right],
  )
  const y = axis(
    points.flatMap((point) => [point.low, point.y, point.high]),
    chart.logY === true,
    [HEIGHT - MARGIN.bottom, MARGIN.top],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 24, chart.title, 'font-size="15" text-anchor="middle"'),
    ...x.ticks.flatMap((value) => xTick(x.at(value), value)),
    ...y.ticks.flatMap((value) => yTick(y.at(value), value)),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 14, chart.xLabel, 'text-anchor="middle"'),
    text(0, 0, chart.yLabel, `text-anchor="middle" transform="translate(18 ${HEIGHT / 2}) rotate(-90)"`),
    ...styled(lines).flatMap(({ line, style }) => drawn(line, style, x.at, y.at)),
    ...legend(styled(lines)),
    '</svg>',
    '',
  ].join('\n')
}

interface Axis {
  readonly ticks: readonly number[]
  readonly at: (value: number) => number
}

/** From the first to the last tick. On an axis of powers of ten what is not above 0 stands at its foot. */
function axis(values: readonly number[], isLog: boolean, [from, to]: readonly [number, number]): Axis {
  const shown = isLog ? values.filter((value) => value > 0) : [0, ...values]
  const [low, high] = [Math.min(...shown), Math.max(...shown)]
  const ticks = isLog ? powersOfTen(low, high) : roundNumbers(low, high)
  const scale = isLog ? Math.log10 : Number
  const foot = Math.min(...ticks)
  const [first, last] = [scale(foot), scale(Math.max(...ticks))]
  return {
    ticks,
    at: (value) => from + ((scale(isLog ? Math.max(value, foot) : value) - first) / (last - first)) * (to - from),
  }
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
  const last = Math.max(first + 1, Math.ceil(Math.log10(high)))
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
}

interface Style {
  readonly colour: string
  /** Attributes of strokes. */
  readonly dash: string
  readonly fill: string
}

interface Styled {
  readonly line: ChartLine
  readonly style: Style
}

function styled(lines: readonly ChartLine[]): readonly Styled[] {
  let nth = -1
  return lines.map((line) => {
    if (line.isPublished !== true) nth++
    const colour = COLOURS[Math.max(0, nth) % COLOURS.length] ?? '#000000'
    const style =
      line.isPublished === true ? { dash: 'stroke-dasharray="6 4"', fill: '#ffffff' } : { dash: '', fill: colour }
    return { line, style: { colour, ...style } }
  })
}

function drawn(
  line: ChartLine,
  { colour, dash, fill }: Style,
  x: (value: number) => number,
  y: (value: number) => number,
): readonly string[] {
  const points = [...line.points].sort((a, b) => a.x - b.x)
  const path = (of: readonly ChartPoint[], value: (point: ChartPoint) => number): string =>
    of.map((point) => `${x(point.x).toFixed(1)},${y(value(point)).toFixed(1)}`).join(' ')
  const band = `${path(points, (point) => point.high)} ${path([...points].reverse(), (point) => point.low)}`
  return [
    `<polygon points="${band}" fill="${colour}" fill-opacity="${line.isPublished === true ? 0.06 : 0.15}"/>`,
    `<polyline points="${path(points, (point) => point.y)}" fill="none" stroke="${colour}" stroke-width="2" ${dash}/>`,
    ...points.map((point) => circle(x(point.x), y(point.y), colour, fill)),
  ]
}

/** Nothing where there is one line without a name. */
function legend(lines: readonly Styled[]): readonly string[] {
  let left = MARGIN.left
  return lines.flatMap(({ line, style: { colour, dash, fill } }) => {
    if (line.label === '') return []
    const from = left
    const to = from + LEGEND.swatch
    left = to + 6 + line.label.length * LEGEND.letter + LEGEND.gap
    return [
      `<path d="M${from} ${LEGEND.y}H${to}" stroke="${colour}" stroke-width="2" ${dash}/>`,
      circle((from + to) / 2, LEGEND.y, colour, fill),
      text(to + 6, LEGEND.y + 4, line.label),
    ]
  })
}

function circle(x: number, y: number, colour: string, fill: string): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" stroke="${colour}" stroke-width="1.5" fill="${fill}"/>`
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
