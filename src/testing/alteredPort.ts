/** A port with some of its methods replaced: how a test makes one store or network lie, refuse, wait or count. */

/** `port`, but for what `changes` has; everything else is still done by `port` itself. */
export function alteredPort<T extends object>(port: T, changes: Partial<T>): T {
  return new Proxy(port, {
    get: (target, name) => {
      const source = Object.hasOwn(changes, name) ? changes : target
      const value: unknown = Reflect.get(source, name, source)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => Reflect.apply(value, source, args)
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
}
