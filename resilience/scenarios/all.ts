/** Every scenario of the suite, in the order of the document. */
import type { Scenario } from '../scenario.ts'
import { bestConnectedKilled } from './bestConnectedKilled.ts'
import { colluders } from './colluders.ts'
import { groundIds } from './groundIds.ts'
import { growth } from './growth.ts'
import { ipfsEclipse } from './ipfsEclipse.ts'
import { kademliaColluders } from './kademliaColluders.ts'
import { lossBinomials } from './lossBinomials.ts'
import { massDeath } from './massDeath.ts'

export const scenarios: readonly Scenario[] = [
  lossBinomials,
  kademliaColluders,
  ipfsEclipse,
  massDeath,
  colluders,
  groundIds,
  bestConnectedKilled,
  ...growth,
]
