/** The networks that are known by name, and what ids cost in them. Any other costs what the public one does, unless it is told otherwise. */
import { PUBLIC_PUZZLE, type IdPuzzle } from '../crypto/idPuzzle.ts'

/** Which a node joins that is told of no other. */
export const PUBLIC_NETWORK = 'mainframe'
/** A network on one machine, whose ids cost nothing. */
export const TESTNET = 'testnet'

export function usualPuzzle(network: string): IdPuzzle | undefined {
  return network === TESTNET ? undefined : PUBLIC_PUZZLE
}
