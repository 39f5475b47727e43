// node:sqlite opens files natively: its own, what is attached, copies.

import { askFile, guard, guardClass, isUrl, replace, type Guarding } from './guard.ts'
import { ReflectApply, StringPrototypeStartsWith, textOfPath } from './primordials.ts'

/** sqlite3.h */
const SQLITE_ATTACH = 24
const SQLITE_OK = 0
const SQLITE_DENY = 1

export function guardDatabases(guarding: Guarding): void {
  guarding.internals.whenLoaded('sqlite', (sqlite) => guardSqlite(sqlite, guarding))
}

function guardSqlite(sqlite: any, guarding: Guarding): void {
  const { policy, refuse } = guarding
  const { backup } = sqlite
  const { open, setAuthorizer } = sqlite.DatabaseSync.prototype
  const ask = (given: unknown): unknown => {
    const text = isUrl(given) ? undefined : textOfPath(given)
    if (text === ':memory:' || text === '') return given
    // SQLite reads them in its own way.
    if (text !== undefined && StringPrototypeStartsWith(text, 'file:')) throw refuse('FileSystemWrite', text)
    return askFile(guarding, given, 'write')
  }
  const mayAttach = (file: unknown): boolean => {
    try {
      // What is computed is known only when it runs.
      if (typeof file !== 'string') return false
      ask(file)
      return true
    } catch {
      return false
    }
  }
  const authorize = (database: object, own?: Function): void => {
    const authorizer = (...args: unknown[]) => {
      if (args[0] === SQLITE_ATTACH && !mayAttach(args[1])) return SQLITE_DENY
      return own ? ReflectApply(own, undefined, args) : SQLITE_OK
    }
    ReflectApply(setAuthorizer, database, [authorizer])
  }
  const askNative = () => {
    if (policy()?.native === false) throw refuse('Addon', 'an extension of SQLite')
  }
  guardClass(
    sqlite,
    'DatabaseSync',
    (args) => {
      if (!policy()) return
      args[0] = ask(args[0])
      args[1] = { __proto__: null, ...args[1] }
      if (args[1].allowExtension) askNative()
    },
    (database, args) => {
      if (policy() && args[1].open !== false) authorize(database)
    },
  )
  replace(sqlite.DatabaseSync.prototype, 'open', function (this: object) {
    const result = ReflectApply(open, this, [])
    if (policy()) authorize(this)
    return result
  })
  replace(sqlite.DatabaseSync.prototype, 'setAuthorizer', function (this: object, own: any) {
    if (policy()) authorize(this, own ?? undefined)
    else ReflectApply(setAuthorizer, this, [own])
  })
  for (const name of ['enableLoadExtension', 'loadExtension'])
    guard(sqlite.DatabaseSync.prototype, name, askNative)
  sqlite.backup = (...args: unknown[]) => {
    if (policy()) args[1] = ask(args[1])
    return ReflectApply(backup, sqlite, args)
  }
}
