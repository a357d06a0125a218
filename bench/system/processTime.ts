/** User and system time of processes since their start, as Linux counts it (proc(5): fields 14 and 15 of stat). */
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** All together; those that have ended count nothing. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + secondsOf(pid), 0)
}

function secondsOf(pid: number): number {
  const stat = statOf(pid)
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  return stat === '' ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
  } catch {
    return ''
  }
}
