/** `get`: what a link stands for, to stdout, into a file, or as a folder. */
import { pour } from '../output.ts'
import type { Download } from '../client.ts'
import { EXIT, usage, type ExitCode } from '../exit.ts'
import { linkTarget } from '../link.ts'
import { writeWhole } from '../outputFile.ts'
import { counted, Progress } from '../progress.ts'
import { withNode, type NodeFlags } from '../session.ts'

export interface GetFlags extends NodeFlags {
  readonly output?: string
  /** `A-B`, `A-` or `-N`, as in HTTP. */
  readonly range?: string
}

export async function get(link: string, flags: GetFlags): Promise<ExitCode> {
  const target = linkTarget(link)
  await withNode(flags, undefined, async (client) => {
    const download = await client.download(target, flags.range)
    if (download.kind === 'directory') refuseUnfit(flags)
    const toScreen = isStdout(flags.output) && process.stdout.isTTY
    const progress = new Progress({ totalBytes: download.size, quiet: flags.quiet === true || toScreen })
    try {
      await save({ ...download, content: counted(download.content, progress) }, flags.output)
    } finally {
      progress.end()
    }
  })
  return EXIT.ok
}

async function save({ kind, content }: Download, output: string | undefined): Promise<void> {
  if (output === undefined || output === '-') {
    await pour(content)
  } else if (kind === 'file') {
    await writeWhole(output, content)
  } else {
    const [{ extractTree }, { treeOf }] = await Promise.all([
      import('../extractTree.ts'),
      import('../../gateway/tar.ts'),
    ])
    await extractTree(treeOf(content), output)
  }
}

function refuseUnfit({ output, range }: GetFlags): void {
  if (range !== undefined) throw usage('a folder has no byte ranges; get one of its files')
  if (isStdout(output) && process.stdout.isTTY) {
    throw usage('the link is of a folder; name where to put it with -o FOLDER, or pipe its tar archive on')
  }
}

function isStdout(output: string | undefined): boolean {
  return output === undefined || output === '-'
}
