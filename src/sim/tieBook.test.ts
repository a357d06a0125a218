/** The book of ties does what a map of ties a process would do, whoever comes, goes, is lost or falls silent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IDLE_MS } from '../wire/limits.ts'
import { NO_TIE, TieBook, TiesHeld, type Tie, type TieEnd } from './tieBook.ts'

class Process implements TieEnd {
  readonly node: number
  readonly tiesHeld = new TiesHeld()

  constructor(node: number) {
    this.node = node
  }
}

/** The same with objects in maps: for each process, by the peer's machine. */
class Model {
  private readonly held = new Map<Process, Map<number, { ends: Process[]; usedMs: number }>>()

  tie(ends: Process[], usedMs: number): void {
    const tie = { ends, usedMs }
    for (const end of ends) this.of(end).set(this.peer(tie, end).node, tie)
  }

  standing(self: Process, peer: Process, nowMs: number): { usedMs: number } | undefined {
    const tie = this.of(self).get(peer.node)
    return tie !== undefined && this.peer(tie, self) === peer && nowMs - tie.usedMs <= IDLE_MS ? tie : undefined
  }

  lose(self: Process, peer: Process): void {
    this.of(self).delete(peer.node)
  }

  end(self: Process): void {
    this.held.delete(self)
  }

  peers(self: Process): Process[] {
    return [...this.of(self).values()].map((tie) => this.peer(tie, self))
  }

  private of(self: Process): Map<number, { ends: Process[]; usedMs: number }> {
    const known = this.held.get(self) ?? new Map<number, { ends: Process[]; usedMs: number }>()
    this.held.set(self, known)
    return known
  }

  private peer({ ends }: { ends: Process[] }, self: Process): Process {
    return ends.find((end) => end !== self) ?? self
  }
}

const MACHINES = 8

test('against maps of objects, under any mix of tying, using, losing, ending and waiting', () => {
  const machine = fc.nat(MACHINES - 1)
  const what = fc.constantFrom('tie', 'tie', 'tie', 'use', 'use', 'lose', 'end', 'wait')
  const step = fc.record({ what, a: machine, b: machine, ms: fc.nat(IDLE_MS) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [book, model] = [new TieBook<Process>(), new Model()]
      const processes = Array.from({ length: MACHINES }, (_, node) => new Process(node))
      let nowMs = 0
      for (const { what, a, b, ms } of steps) {
        const [self, peer] = [processes[a]!, processes[b]!]
        const standing = book.standing(self, peer, nowMs)
        const modelled = model.standing(self, peer, nowMs)
        assert.equal(standing !== NO_TIE, modelled !== undefined)
        if (what === 'tie' && a !== b && standing === NO_TIE) {
          tieTogether(book, self, peer, nowMs)
          model.tie([self, peer], nowMs)
        }
        if (what === 'use' && modelled !== undefined) {
          book.use(standing, nowMs)
          modelled.usedMs = nowMs
        }
        if (what === 'lose') {
          assert.equal(book.lose(self, peer, nowMs), modelled !== undefined)
          if (modelled !== undefined) model.lose(self, peer)
        }
        if (what === 'end') {
          book.clear(self)
          model.end(self)
          processes[a] = new Process(a)
        }
        if (what === 'wait') nowMs += ms
        for (const each of processes) assert.deepEqual(book.peersOf(each), model.peers(each))
      }
    }),
  )
})

test('a tie that one end has lost is broken and no more that of the other once somebody else has its number', () => {
  const book = new TieBook<Process>()
  const [a, b, c] = [new Process(0), new Process(1), new Process(2)]
  const tie = tieTogether(book, a, b, 0)
  assert.ok(book.lose(a, b, 1))
  assert.ok(book.isBroken(tie) && book.joins(tie, a, b))
  assert.equal(book.standing(a, b, 1), NO_TIE)
  assert.equal(book.standing(b, a, 1), tie)
  assert.ok(book.lose(b, a, 2))
  assert.equal(tieTogether(book, b, c, 3), tie)
  assert.ok(!book.joins(tie, a, b) && book.joins(tie, c, b) && !book.isBroken(tie))
})

test('a tie that nobody holds is gone', () => {
  const book = new TieBook<Process>()
  const self = new Process(3)
  const tie = book.open(self, self, 0)
  book.closeUnheld(tie)
  assert.equal(book.standing(self, self, 0), NO_TIE)
  assert.ok(!book.joins(tie, self, self))
})

test('a process that meets ever new peers keeps those of the last minutes only', () => {
  const book = new TieBook<Process>()
  const self = new Process(0)
  const others = Array.from({ length: 5000 }, (_, nth) => new Process(nth + 1))
  others.forEach((other, nth) => tieTogether(book, self, other, (nth * IDLE_MS) / 100))
  const peers = book.peersOf(self)
  assert.ok(peers.length < 300, `${peers.length} peers`)
  assert.deepEqual(peers, others.slice(-peers.length))
  for (const other of others.slice(-100)) assert.notEqual(book.standing(self, other, 50 * IDLE_MS), NO_TIE)
})

function tieTogether(book: TieBook<Process>, a: Process, b: Process, nowMs: number): Tie {
  const tie = book.open(a, b, nowMs)
  book.hold(tie, b, nowMs)
  book.hold(tie, a, nowMs)
  book.closeUnheld(tie)
  return tie
}
