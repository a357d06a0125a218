/** Every scenario of the suite, in the order of the document. */
import type { Scenario } from '../scenario.ts'
import { ipfsEclipse } from './ipfsEclipse.ts'
import { kademliaColluders } from './kademliaColluders.ts'
import { lossBinomials } from './lossBinomials.ts'

export const scenarios: readonly Scenario[] = [lossBinomials, kademliaColluders, ipfsEclipse]
