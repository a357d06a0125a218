/** What an entry may say of itself, checked on its way in, so that no listing is written that cannot be read. */
import { Failure } from '../base/failure.ts'
import { TYPE_CHARS_MAX } from '../storage/limits.ts'
import type { TreeEntry } from './directory.ts'
import { TARGET_CHARS_MAX } from './limits.ts'

/** Throws `invalid` unless mode, time, media type and target are of a kind that a listing can hold. */
export function checkEntry({ path, kind, mode, modifiedUs, type, target }: TreeEntry): void {
  const flaw = (what: string): Failure => new Failure('invalid', `"${path.slice(0, 80)}" ${what}`)
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) throw flaw('has more than permission bits in its mode')
  if (!Number.isSafeInteger(modifiedUs)) throw flaw('has a time that is no whole number of microseconds')
  if (type.length > TYPE_CHARS_MAX || !type.isWellFormed()) throw flaw('has a media type that is too long or no text')
  if (kind === 'symlink' && !isTarget(target)) throw flaw('points to what is no path')
}

function isTarget(target: string): boolean {
  return target !== '' && target.length <= TARGET_CHARS_MAX && !target.includes('\0') && target.isWellFormed()
}
