// Written by Ingot from the contract in package.json: what `env` of ingot/runtime has.

declare module 'ingot/runtime' {
  interface Env {
    /** address to listen on; default: 127.0.0.1 */
    readonly HOST: string
    /** port to listen on; default: 8080 */
    readonly PORT: number
  }
  const env: Env
  function ready(): Promise<void>
  function onThaw(callback: () => void): void
  const buildInfo:
    | {
        readonly ingot: string
        readonly program: { readonly name?: string; readonly version?: string }
        readonly vcs?: { readonly commit: string; readonly dirty: boolean }
        readonly [name: string]: any
      }
    | undefined
}
