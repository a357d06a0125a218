/** The routes that answer with small JSON documents. Streams have handlers of their own (getObject.ts, putObject.ts). */
import { Hono } from 'hono'
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
  routes.get('/api/v1/health/:link', async (context) => {
    const capability = capabilityOf(deps.primitives, context.req.param('link'))
    const store = capability.what === 'directory' ? deps.directories : deps.objects
    return context.json(await store.health(capability, { signal: context.env.signal }))
  })
  routes.notFound((context) => {
    throw new HttpRefusal('no-such-route', `there is nothing at ${context.req.method} ${context.req.path}`)
  })
  routes.onError((error) => {
    throw error
  })
  return routes
}

/** Carries one exchange through the routes. Rejects with what they throw. */
export async function answerJson(routes: JsonRoutes, { request, response, signal }: Exchange): Promise<void> {
  const asked = new Request(`http://localhost${request.url ?? '/'}`, { method: request.method ?? 'GET' })
  const answer = await routes.fetch(asked, { signal })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
}
