import 'reflect-metadata'

type Constructor<T = unknown> = new (...args: never[]) => T

declare global {
  namespace Reflect {
    function getMetadata(key: string, target: object): Constructor[] | undefined
  }
}

const instances = new Map<Constructor, unknown>()

/** Marks a class; what TypeScript knows of its constructor is kept because of the decorator. */
export function Injectable(): (target: Constructor) => void {
  return () => {}
}

/** The one instance of a class, with its dependencies. */
export function resolve<T>(target: Constructor<T>): T {
  if (!instances.has(target)) {
    const dependencies = Reflect.getMetadata('design:paramtypes', target) ?? []
    instances.set(target, new target(...(dependencies.map((dependency) => resolve(dependency)) as never[])))
  }
  return instances.get(target) as T
}
