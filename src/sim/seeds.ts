/**
 * Which seeds a test runs: those kept in test/seeds/<name>.json because they failed once, and fresh ones that follow from the
 * commit, so that every commit tries others and any machine can repeat them. MAINFRAME_SEED runs one seed alone.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { env } from 'node:process'
import { FastHash } from './fastHash.ts'

export interface SeedsOptions {
  /** The test's file, `import.meta.filename`, for the line that replays a failure. */
  readonly file: string
  /** How many seeds besides those kept. */
  readonly freshCount?: number
}

const PROJECT = new URL('../../', import.meta.url)
const KEPT = new URL('test/seeds/', PROJECT)

/** Runs the test with each of its seeds, one after another. Rejects with a message that says how to replay the failure. */
export async function withSeeds(
  name: string,
  options: SeedsOptions,
  run: (seed: number) => Promise<void>,
): Promise<void> {
  for (const seed of seedsOf(name, { freshCount: options.freshCount ?? 1, chosen: env.MAINFRAME_SEED })) {
    try {
      await run(seed)
    } catch (error) {
      throw new Error(replayMessage(name, options.file, seed, error), { cause: error })
    }
  }
}

export interface SeedChoice {
  readonly freshCount: number
  /** The text of MAINFRAME_SEED: this seed and no other. */
  readonly chosen?: string | undefined
  /** The folder of the seeds that have failed; ends in a slash. */
  readonly kept?: URL
}

/** The seeds that {@link withSeeds} runs. Throws when a seed that was named or kept is none. */
export function seedsOf(name: string, choice: SeedChoice): readonly number[] {
  const { freshCount, chosen = '', kept = KEPT } = choice
  if (chosen !== '') return [parseSeed(chosen, 'MAINFRAME_SEED')]
  return [...new Set([...keptSeeds(new URL(`${name}.json`, kept)), ...freshSeeds(name, freshCount)])]
}

function replayMessage(name: string, file: string, seed: number, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error)
  const path = relative(process.cwd(), file)
  return `${name} fails with seed ${seed}: ${reason}
replay: MAINFRAME_SEED=${seed} node --test ${path}
then add ${seed} to test/seeds/${name}.json, so that it is run ever after`
}

function keptSeeds(file: URL): readonly number[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // No seed of this test has failed yet.
    return []
  }
  const kept: unknown = JSON.parse(text)
  if (!Array.isArray(kept)) throw new Error(`${file.pathname} is no list of seeds`)
  return kept.map((seed) => parseSeed(String(seed), file.pathname))
}

function freshSeeds(name: string, count: number): readonly number[] {
  const hash = new FastHash().text(currentCommit()).text(name)
  return Array.from({ length: count }, (_, nth) => hash.word(nth).words()[0])
}

function currentCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: PROJECT, encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return 'no commit'
  }
}

function parseSeed(text: string, where: string): number {
  const seed = Number(text)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`${where}: "${text}" is no seed, a whole number is`)
  return seed
}
