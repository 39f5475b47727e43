// The variables of a contract in one start: their values, and what is wrong with them.

import { nearest } from '../../base/nearest.ts'
import type { Contract, VariableRule } from '../../format/contract.ts'
import { expectationOf, parseVariable, type VariableValue } from '../../format/variable-value.ts'
import type { Problem } from './problems.ts'

export type Environment = Readonly<Record<string, string | null | undefined>>

export interface Variables {
  readonly values: ReadonlyMap<string, VariableValue | undefined>
  /** By the name of what has no value, and should have one. */
  readonly problems: ReadonlyMap<string, Problem>
  /** What is set and looks like another one of the program's. */
  readonly strangers: readonly Problem[]
  /** What stands for a name: what is set, or the default. */
  textOf(name: string): string | undefined
}

export type ReadVariables = (environment: Environment) => Variables

/** What the defaults mean is found out now: a start has little time. */
export function prepareVariables({ env }: Pick<Contract, 'env'>): ReadVariables {
  const rules = Object.entries(env).map(([name, rule]) => ({
    name,
    rule,
    byDefault: rule.default === undefined ? undefined : parseVariable(rule, rule.default),
  }))
  return (environment) => {
    const values = new Map<string, VariableValue | undefined>()
    const problems = new Map<string, Problem>()
    const strangers: Problem[] = []
    const texts = new Map<string, string>()
    // Asked only about what is missing: to list them all takes longer than all the rest.
    let unknown: string[] | undefined
    const namedLike = (name: string, prefix = '') => {
      unknown ??= Object.keys(environment).filter((other) => !Object.hasOwn(env, other))
      return nearest(
        name,
        unknown.filter((other) => other.startsWith(prefix)),
      )
    }
    for (const { name, rule, byDefault } of rules) {
      // As `NAME=` in a file of variables says that there is none.
      const text = environment[name] || rule.default
      if (text === undefined) {
        values.set(name, undefined)
        // Most environments have many names that are somebody else's.
        if (rule.required) problems.set(name, missing(name, rule, namedLike(name)))
        else {
          const prefix = prefixOf(name)
          const meant = prefix === undefined ? undefined : namedLike(name, prefix)
          if (meant !== undefined)
            strangers.push({
              what: `${meant} is set, and is not in the contract`,
              remedy: `set ${name}, if that was meant, or declare it`,
            })
        }
        continue
      }
      const value = text === rule.default ? byDefault : parseVariable(rule, text)
      values.set(name, value)
      if (value === undefined) problems.set(name, illTyped(name, rule, text))
      else texts.set(name, text)
    }
    return { values, problems, strangers, textOf: (name) => texts.get(name) }
  }
}

/** Variables that begin alike are one program's: another name among them is hardly somebody else's. */
function prefixOf(name: string): string | undefined {
  const end = name.indexOf('_') + 1
  return end > SHORTEST_PREFIX ? name.slice(0, end) : undefined
}
const SHORTEST_PREFIX = 3

function missing(name: string, rule: VariableRule, meant: string | undefined): Problem {
  const { example } = expectationOf(rule)
  const about = rule.description === undefined ? '' : `: ${rule.description}`
  const typo = meant === undefined ? '' : `; ${meant} is set: was that meant?`
  return { what: `${name} is not set${about}`, remedy: `set it, as in ${name}=${quote(example)}${typo}` }
}

function illTyped(name: string, rule: VariableRule, text: string): Problem {
  const { what, example } = expectationOf(rule)
  const kind = rule.type === 'enum' ? `not ${what}` : `no ${what}`
  return {
    what: rule.secret
      ? `${name} is set to what is ${kind}`
      : `${name} is ${JSON.stringify(shorten(text))}, and ${kind}`,
    remedy: `set it, as in ${name}=${quote(example)}`,
  }
}

const LONGEST = 60

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function quote(example: string): string {
  return /^[\w.:/@-]+$/.test(example) ? example : `'${example}'`
}

/** For a rehearsal, which goes on as if everything were there. */
export function exampleEnvironment({ env: rules }: Pick<Contract, 'env'>): Environment {
  const required = Object.entries(rules).filter(([, { required: isRequired }]) => isRequired)
  return Object.fromEntries(required.map(([name, rule]) => [name, expectationOf(rule).example]))
}
