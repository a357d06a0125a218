/**
 * The commands as a table: names, arguments, flags. What each does stands in commands/, loaded when it is called. docs/cli.md
 * describes them for users.
 */
import { Command, CommanderError } from 'commander'
import { PUBLIC_NETWORK } from '../daemon/networks.ts'
import { programVersion } from '../daemon/version.ts'
import type { DownFlags } from './commands/down.ts'
import type { GetFlags } from './commands/get.ts'
import type { LsFlags } from './commands/ls.ts'
import type { PutFlags } from './commands/put.ts'
import type { KeepFlags } from './commands/keep.ts'
import type { ReleaseFlags } from './commands/release.ts'
import type { TestnetFlags } from './commands/testnet.ts'
import type { UpFlags } from './commands/up.ts'
import type { NodeFlags } from './session.ts'
import { asCommandFailure, EXIT, usage, type ExitCode } from './exit.ts'
import {
  byteRange,
  connectionCount,
  contacts,
  dialCount,
  duration,
  liarCount,
  listenAddress,
  mediaType,
  networkName,
  nodeCount,
  port,
  puzzle,
  rate,
  share,
  size,
} from './flags.ts'
import { endQuietlyWithoutReader, printFailure } from './output.ts'

const API_PORT = 7333
const SURVIVE = 0.5

const program = new Command('mainframe')
  .description('A peer-to-peer network that applications use in place of servers')
  .version(programVersion(), '-V, --version', 'tell which version this is')
  .showHelpAfterError('(run it with --help for what it takes)')
  .exitOverride()

asking(command('put <path>', 'store a file, a folder, or - for stdin; prints the link that gets it back'))
  .option('--survive <share>', 'share of all nodes that may vanish at once', share)
  .option('--type <media-type>', 'what the content is; by default what the file name says', mediaType)
  .action(async (path: string, flags: PutFlags) => finish((await import('./commands/put.ts')).put(path, flags)))
  .addHelpText(
    'before',
    examples('mainframe put photo.jpg', 'mainframe put ./folder --survive 0.6', 'cat log | mainframe put -'),
  )

asking(command('get <link>', 'get what a link stands for; LINK/path names a file in a folder'))
  .option('-o, --output <file>', 'where to put it, complete or not at all; - for stdout', String)
  .option('--range <a-b>', 'only these bytes: 0-99, 100- or -50', byteRange)
  .action(async (link: string, flags: GetFlags) => finish((await import('./commands/get.ts')).get(link, flags)))
  .addHelpText(
    'before',
    examples(
      'mainframe get mf:... -o photo.jpg',
      'mainframe get mf:... -o ./folder',
      'mainframe get mf:.../notes/a.txt',
    ),
  )

asking(command('ls <link>', 'list a folder; LINK/path lists one inside it'))
  .option('-l, --long', 'with permissions, size and time')
  .action(async (link: string, flags: LsFlags) => finish((await import('./commands/ls.ts')).ls(link, flags)))

asking(command('health <link>', 'tell how many fragments live and what loss they survive')).action(
  async (link: string, flags: NodeFlags) => finish((await import('./commands/health.ts')).health(link, flags)),
)

asking(command('keep <link>', 'have its holders keep it for longer'))
  .option('--for <duration>', 'from now; by default 90d', duration)
  .action(async (link: string, flags: KeepFlags) => finish((await import('./commands/keep.ts')).keep(link, flags)))

asking(command('repair <link>', 'make what is missing of it again now, without waiting for the network')).action(
  async (link: string, flags: NodeFlags) => finish((await import('./commands/repair.ts')).repair(link, flags)),
)

asking(command('release <link>', 'have the network forget what this node has put'))
  .option('--yes', 'do it: nobody can read it afterwards')
  .action(async (link: string, flags: ReleaseFlags) =>
    finish((await import('./commands/release.ts')).release(link, flags)),
  )

asking(command('storage <what>', 'what this node keeps for others: usage, verify it, or gc what has expired')).action(
  async (what: string, flags: NodeFlags) => finish((await import('./commands/storage.ts')).storage(what, flags)),
)

asking(command('status', 'tell what the node knows about itself and the network')).action(async (flags: NodeFlags) =>
  finish((await import('./commands/status.ts')).status(flags)),
)

command('up', 'run a node until it is told to end')
  .option('--dir <folder>', 'its home; by default MAINFRAME_HOME')
  .option('--port <port>', 'of its API on this machine', port, API_PORT)
  .option('--listen <address>', 'where other nodes reach it', listenAddress, { host: '127.0.0.1', port: 0 })
  .option('--join <contact>', 'a node to join through, ID@tls://ADDRESS:PORT; may be repeated', contacts, [])
  .option('--network <name>', 'the network it belongs to', networkName, PUBLIC_NETWORK)
  .option('--puzzle <puzzle>', 'what ids of the network cost: none, or memory,passes,bits as in 16MiB,1,6', puzzle)
  .option('--survive <share>', 'default for puts: share of nodes that may vanish at once', share, SURVIVE)
  .option('--quota <size>', 'what it stores for others at most; by default what the disk holds', size)
  .option(
    '--grace <duration>',
    'how long another node may be away before what it kept is rebuilt; by default 8h',
    duration,
  )
  .option('--domains <file>', 'which addresses fail together: lines of PREFIX/LENGTH NAME')
  .option('--connections <count>', 'open with other nodes at once, at most', connectionCount)
  .option('--dials <count>', 'connections it makes in a minute, at most', dialCount)
  .option('--rate-up <size>', 'bytes a second to other nodes, at most; by default as many as the line takes', rate)
  .option('--rate-down <size>', 'bytes a second from other nodes, at most', rate)
  .action(async (flags: UpFlags) => finish((await import('./commands/up.ts')).up(flags)))
  .addHelpText(
    'before',
    examples('mainframe up', 'mainframe up --listen 0.0.0.0:4101 --join ID@tls://203.0.113.7:4101'),
  )

command('down', 'end the node or testnet that runs in the home')
  .option('--dir <folder>', 'its home; by default MAINFRAME_HOME')
  .option('--timeout <duration>', 'give up after this long', duration)
  .option('--hand-over', 'for good: what it keeps goes to other nodes first')
  .action(async (flags: DownFlags) => finish((await import('./commands/down.ts')).down(flags)))

command('testnet', 'run a network of many nodes on this machine until it is told to end')
  .option('--nodes <count>', 'how many', nodeCount, 24)
  .option('--processes', 'a process for each node, so that nodes can be killed')
  .option('--dir <folder>', 'its home; by default MAINFRAME_HOME')
  .option('--port <port>', "of the first node's API on this machine", port, API_PORT)
  .option('--survive <share>', 'default for puts: share of nodes that may vanish at once', share, SURVIVE)
  .option('--liars <count>', 'how many of the nodes return corrupted fragments', liarCount, 0)
  .option('--grace <duration>', 'how long a node may be away before what it kept is rebuilt; by default 8h', duration)
  .option('--puzzle <puzzle>', 'what ids cost: none, or memory,passes,bits as in 64KiB,1,2', puzzle, 'none')
  .action(async (flags: TestnetFlags) => finish((await import('./commands/testnet.ts')).testnet(flags)))
  .addHelpText('before', examples('mainframe testnet', 'mainframe testnet --nodes 24 --processes --dir ./net --json'))

command('version', 'tell which version this is').action(async (flags: { readonly json?: boolean }) =>
  finish((await import('./commands/version.ts')).version(flags)),
)

await run(process.argv.slice(2))

/** A command with the flags that all have. */
function command(nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option('--json', 'answer as JSON; errors too')
    .option('--debug', 'on failure, say where in the program')
}

/** A command that speaks to a node. */
function asking(made: Command): Command {
  return made
    .option('--node <url>', 'the node to speak to; by default MAINFRAME_URL, else the one in MAINFRAME_HOME')
    .option('--timeout <duration>', 'give up after this long, for example 30s', duration)
    .option('-q, --quiet', 'no progress')
}

function examples(...lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

async function finish(outcome: ExitCode | Promise<ExitCode>): Promise<void> {
  process.exitCode = await outcome
}

async function run(args: readonly string[]): Promise<void> {
  const json = args.includes('--json')
  endQuietlyWithoutReader()
  // Commander's own words on wrong usage go to stderr as they are, or as JSON with everything else.
  const configure = { writeErr: (text: string) => json || process.stderr.write(text) }
  for (const each of [program, ...program.commands]) each.configureOutput(configure).exitOverride()
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = report(error, json, args.includes('--debug'))
  }
}

function report(error: unknown, json: boolean, debug: boolean): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    const message = error.message.replace(/^error: /, '')
    if (json) printFailure(usage(message), { json, debug })
    return EXIT.usage
  }
  const failure = asCommandFailure(error)
  printFailure(failure, { json, debug: debug || failure.code === 'internal' })
  return failure.exitCode
}
