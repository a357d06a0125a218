/**
 * A tree that comes out of the network, written into a new folder. The tree may be a stranger's: nothing of it is written outside of
 * the folder. Symlinks are made last, so that no path of the tree ever leads through one; they themselves may point anywhere, as in
 * any copy of a tree, and only whoever follows them is led there.
 */
import { chmod, lutimes, mkdir, open, readdir, symlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { TreeEntry, TreeSource } from '../vault/directory.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { throughDraft, unwritable } from './outputFile.ts'

/** Permissions as they were, without set-uid, set-gid and sticky: a stranger's program must not run as this user for others. */
const PERMISSIONS = 0o777
const AIM_US = 0.25
/** Until everything is in, a folder can be written whatever its mode will be. */
const FOLDER_WHILE_WRITING = 0o700

/** Writes the tree as the folder `target`, which is absent or empty. It appears complete or not at all. */
export async function extractTree(tree: AsyncIterable<TreeSource>, target: string): Promise<void> {
  await refuseOccupied(target)
  await throughDraft(target, async (draft) => {
    await mkdir(draft).catch((error: unknown) => {
      throw unwritable(target, error)
    })
    await writeTree(tree, draft)
  })
}

async function refuseOccupied(target: string): Promise<void> {
  const names = await readdir(target).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CommandFailure(EXIT.conflict, 'conflict', `${target} is no folder; name another with -o`, {
      cause: error,
    })
  })
  if (names.length === 0) return
  throw new CommandFailure(EXIT.conflict, 'conflict', `${target} is there already and not empty; name another with -o`)
}

async function writeTree(tree: AsyncIterable<TreeSource>, root: string): Promise<void> {
  const folders: TreeEntry[] = []
  const symlinks: TreeEntry[] = []
  for await (const { entry, content } of tree) {
    refuseOutside(entry.path)
    const path = join(root, entry.path)
    switch (entry.kind) {
      case 'directory':
        await mkdir(path, { recursive: true, mode: FOLDER_WHILE_WRITING })
        folders.push(entry)
        break
      case 'file':
        await mkdir(dirname(path), { recursive: true, mode: FOLDER_WHILE_WRITING })
        await writeFile(path, entry, content)
        break
      case 'symlink':
        symlinks.push(entry)
        break
    }
  }
  for (const entry of symlinks) await makeSymlink(join(root, entry.path), entry)
  // The deepest first: making anything in a folder changes its time, and may need its permission.
  for (const entry of folders.sort((a, b) => b.path.split('/').length - a.path.split('/').length)) {
    await chmod(join(root, entry.path), entry.mode & PERMISSIONS)
    await utimes(join(root, entry.path), secondsOf(entry), secondsOf(entry))
  }
}

async function writeFile(path: string, entry: TreeEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? twice(entry.path) : unwritable(path, error)
  })
  try {
    for await (const piece of content) await file.writeFile(piece)
    await file.chmod(entry.mode & PERMISSIONS)
    await file.utimes(secondsOf(entry), secondsOf(entry))
  } finally {
    await file.close()
  }
}

async function makeSymlink(path: string, entry: TreeEntry): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_WHILE_WRITING })
  await symlink(entry.target, path).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? twice(entry.path) : unwritable(path, error)
  })
  await lutimes(path, secondsOf(entry), secondsOf(entry))
}

/** Whoever reads the tree has looked already; this folder's owner looks again. */
function refuseOutside(path: string): void {
  const names = path.split('/')
  const isInside = names.every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'))
  const hasOtherSeparator = process.platform === 'win32' && /[\\:]/.test(path)
  if (!isInside || hasOtherSeparator) {
    throw new Failure('invalid', `the tree has the path ${JSON.stringify(path)}, which leads outside; nothing was kept`)
  }
}

function twice(path: string): Failure {
  return new Failure('invalid', `the tree has ${JSON.stringify(path)} twice; nothing was kept`)
}

/**
 * The system's call takes a double, which in our days is a quarter of a microsecond coarse. Aiming a little behind the microsecond
 * lands within it, so that it is read again as it was; whole seconds are exact as they are.
 */
function secondsOf({ modifiedUs }: TreeEntry): number {
  return modifiedUs % 1e6 === 0 ? modifiedUs / 1e6 : (modifiedUs + AIM_US) / 1e6
}
