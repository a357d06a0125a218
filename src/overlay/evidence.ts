/**
 * What the replies of a search say about its truth: whether the region looks as full as the network's size lets expect, whether
 * somebody crowds it, and how many of the nodes next to the target keep quiet about others that we have met.
 */
import type { Candidate, Candidates } from './candidates.ts'
import {
  BUCKET_SIZE,
  NAMED_NEAR,
  OMISSIONS_MAX,
  REGION_SIZE,
  SPARSE_SHARE,
  SPARSE_SIZE_MIN,
  WITNESSES_MIN,
} from './limits.ts'
import { regionRadius, ShellQuotas } from './shells.ts'

export interface Evidence {
  /** Fewer nodes answered than must be there, or than were silent: replies were captured, invented, or most nodes are gone. */
  readonly isSparse: boolean
  /** More nodes than chance would put there. */
  readonly isCrowded: boolean
  /**
   * Share of the nodes next to the target that omit nodes they must know; undefined with too few witnesses, and in a crowd, where
   * honest tables cannot hold everybody.
   */
  readonly lyingShare: number | undefined
}

export function evidenceOf(candidates: Candidates, size: number): Evidence {
  const radius = regionRadius(size, 0)
  const named = candidates.all.filter((each) => each.distance < radius)
  const within = named.filter((each) => each.state !== 'failed')
  const quotas = new ShellQuotas(candidates.target, size)
  const isCrowded = !within.every((each) => quotas.take(each.contact.id))
  const answeredCount = within.filter((each) => each.state === 'answered').length
  return {
    isSparse:
      answeredCount < named.length - within.length ||
      (size >= SPARSE_SIZE_MIN && answeredCount < SPARSE_SHARE * REGION_SIZE),
    isCrowded,
    lyingShare: isCrowded ? undefined : lyingShareOf(candidates),
  }
}

/** By the nodes nearest to the target, which know each other if they answer at all. */
function lyingShareOf(candidates: Candidates): number | undefined {
  const witnesses = candidates.all.filter((each) => each.state === 'answered').slice(0, REGION_SIZE)
  // A reply names so many of the nearest, silent ones among them, which leave the less room for others.
  const near = candidates.all.slice(0, NAMED_NEAR).filter((each) => each.state === 'answered')
  const counts = shellCounts(candidates)
  const testimonies = witnesses.flatMap((witness) => testimonyOf(witness, near, counts) ?? [])
  if (testimonies.length < WITNESSES_MIN) return undefined
  return testimonies.filter((omissions) => omissions > OMISSIONS_MAX).length / testimonies.length
}

/** How many of the nodes that the witness must know it did not name; undefined when it need not know enough of them. */
function testimonyOf(witness: Candidate, near: readonly Candidate[], counts: ShellCounts): number | undefined {
  const known = near.filter((each) => each !== witness && mustKnow(witness, each, counts))
  if (known.length < NAMED_NEAR / 2) return undefined
  const named = new Set(witness.named.map(({ id }) => id))
  return known.filter((each) => !named.has(each.contact.id)).length
}

/**
 * Whether the part of the space in which the witness sees the other has so few nodes that one bucket holds them all. All that
 * share more with the target than the witness are in one bucket of it; those of a shell farther out in another; and its own shell
 * is spread over several.
 */
function mustKnow(witness: Candidate, other: Candidate, counts: ShellCounts): boolean {
  const inBucket = other.shell > witness.shell ? counts.beyond(witness.shell) : counts.in(other.shell)
  return inBucket < BUCKET_SIZE
}

interface ShellCounts {
  in(shell: number): number
  beyond(shell: number): number
}

function shellCounts(candidates: Candidates): ShellCounts {
  const counts: number[] = []
  // The silent too: they were there a moment ago, and tables still hold them.
  for (const { shell } of candidates.all) counts[shell] = (counts[shell] ?? 0) + 1
  return {
    in: (shell) => counts[shell] ?? 0,
    beyond: (shell) => counts.reduce((sum, count, each) => (each > shell ? sum + count : sum), 0),
  }
}
