/** The routes that answer with small JSON documents. Streams have handlers of their own (getObject.ts, putObject.ts). */
import { Hono } from 'hono'
import { Failure } from '../base/failure.ts'
import { parseDuration } from '../base/quantities.ts'
import type { Capability } from '../crypto/link.ts'
import { LEASE_MS, LEASE_MS_MAX } from '../storage/limits.ts'
import type { Directories } from '../vault/directory.ts'
import { capabilityOf, type DoorDeps } from './doorDeps.ts'
import type { Exchange } from './exchange.ts'
import { HttpRefusal } from './problem.ts'

interface Env {
  Bindings: { readonly signal: AbortSignal }
}

export type JsonRoutes = Hono<Env>

export function jsonRoutes(deps: DoorDeps): JsonRoutes {
  const routes = new Hono<Env>()
  routes.use(async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
  })
  routes.get('/healthz', (context) => context.json({ ok: true, home: deps.home }))
  routes.get('/api/v1/status', (context) => context.json(deps.status()))
  routes.get('/api/v1/storage', (context) => context.json(deps.storage.usage()))
  routes.post('/api/v1/storage/verify', async (context) =>
    context.json(await deps.storage.verify({ signal: context.env.signal })),
  )
  routes.post('/api/v1/storage/gc', async (context) =>
    context.json(await deps.storage.gc({ signal: context.env.signal })),
  )
  routes.post('/api/v1/storage/hand-over', async (context) =>
    context.json(await deps.storage.handOver({ signal: context.env.signal })),
  )
  routes.get('/api/v1/health/:link', async (context) => {
    const { capability, store } = storeOf(deps, context.req.param('link'))
    return context.json(await store.health(capability, { signal: context.env.signal }))
  })
  routes.post('/api/v1/keep/:link', async (context) => {
    const { capability, store } = storeOf(deps, context.req.param('link'))
    const leaseMs = leaseOf(context.req.query('for'))
    return context.json(await store.keep(capability, { leaseMs, signal: context.env.signal }))
  })
  routes.post('/api/v1/repair/:link', async (context) => {
    const { capability, store } = storeOf(deps, context.req.param('link'))
    return context.json(await store.repair(capability, { signal: context.env.signal }))
  })
  routes.post('/api/v1/release/:link', async (context) => {
    const { capability, store } = storeOf(deps, context.req.param('link'))
    return context.json(await store.release(capability, { signal: context.env.signal }))
  })
  routes.notFound((context) => {
    throw new HttpRefusal('no-such-route', `there is nothing at ${context.req.method} ${context.req.path}`)
  })
  routes.onError((error) => {
    throw error
  })
  return routes
}

function storeOf(
  deps: DoorDeps,
  link: string,
): { readonly capability: Capability; readonly store: Pick<Directories, 'health' | 'keep' | 'repair' | 'release'> } {
  const capability = capabilityOf(deps.primitives, link)
  return { capability, store: capability.what === 'directory' ? deps.directories : deps.objects }
}

/** Milliseconds from `?for=90d`. */
function leaseOf(text: string | undefined): number {
  const leaseMs = text === undefined ? LEASE_MS : parseDuration(text)
  if (leaseMs === undefined || leaseMs > LEASE_MS_MAX) {
    throw new Failure('invalid', 'for is a duration of at most 400 days, such as 90d')
  }
  return leaseMs
}

/** Carries one exchange through the routes. Rejects with what they throw. */
export async function answerJson(routes: JsonRoutes, { request, response, signal }: Exchange): Promise<void> {
  const asked = new Request(`http://localhost${request.url ?? '/'}`, { method: request.method ?? 'GET' })
  const answer = await routes.fetch(asked, { signal })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
}
