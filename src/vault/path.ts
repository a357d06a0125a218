/** Names and paths within a tree: what is allowed, and how a path falls into names. */
import { utf8 } from '../base/bytes.ts'
import { Failure } from '../base/failure.ts'
import { NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX } from './limits.ts'

/** Whether a text can name an entry: not empty, `.` or `..`, no `/` and no NUL, well-formed, at most 255 bytes of UTF-8. */
export function isName(text: string): boolean {
  if (text === '' || text === '.' || text === '..' || text.length > NAME_BYTES_MAX) return false
  return !text.includes('/') && !text.includes('\0') && text.isWellFormed() && utf8(text).length <= NAME_BYTES_MAX
}

/** The names of a relative path, none for ''. One slash at the end is allowed. Throws `invalid` for impossible paths. */
export function namesOf(path: string): readonly string[] {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path
  if (trimmed === '') return []
  const names = utf8(trimmed).length <= PATH_BYTES_MAX ? trimmed.split('/') : []
  if (names.length === 0 || names.length > PATH_DEPTH_MAX || !names.every(isName)) {
    throw new Failure(
      'invalid',
      `"${path.slice(0, 80)}" is no path within a directory: use names joined by single slashes`,
    )
  }
  return names
}
