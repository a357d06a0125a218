/** Every scenario of the suite, in the order of the document. */
import type { Scenario } from '../scenario.ts'
import { bestConnectedKilled } from './bestConnectedKilled.ts'
import { calm } from './calm.ts'
import { churn } from './churn.ts'
import { churnStored } from './churnStored.ts'
import { colluders, colludersFromTheStart } from './colluders.ts'
import { crowd } from './crowd.ts'
import { eclipse } from './eclipse.ts'
import { forgetfulHolders } from './forgetfulHolders.ts'
import { groundIds } from './groundIds.ts'
import { growth } from './growth.ts'
import { ipfsEclipse } from './ipfsEclipse.ts'
import { joinFlood } from './joinFlood.ts'
import { kademliaColluders } from './kademliaColluders.ts'
import { lazyRepair } from './lazyRepair.ts'
import { lossBinomials } from './lossBinomials.ts'
import { lyingHolders } from './lyingHolders.ts'
import { massDeath } from './massDeath.ts'
import { massDeathStored } from './massDeathStored.ts'
import { allOff, partition } from './outages.ts'
import { partitionStored } from './partitionStored.ts'
import { regionsLost } from './regionsLost.ts'

export const scenarios: readonly Scenario[] = [
  lossBinomials,
  kademliaColluders,
  ipfsEclipse,
  calm,
  massDeath,
  massDeathStored,
  regionsLost,
  churn,
  churnStored,
  lazyRepair,
  colluders,
  colludersFromTheStart,
  groundIds,
  eclipse,
  joinFlood,
  allOff,
  partition,
  partitionStored,
  crowd,
  lyingHolders,
  forgetfulHolders,
  bestConnectedKilled,
  growth,
]
