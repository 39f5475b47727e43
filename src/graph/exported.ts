// What a module exports that paths of the program's own files can be made of.

import { calleeName, type AstNode, type Evaluator } from './evaluate.ts'
import { propertiesOf } from './scopes.ts'
import { isOwn, type Exports, type Value } from './values.ts'

/**
 * By name of the export.
 * @param statements by which the module exports
 */
export function exportedValues(statements: readonly AstNode[], evaluator: Evaluator): Exports {
  const exported = new Map<string, Value>()
  const add = (name: string, value: Value) => {
    if (isOwn(value)) exported.set(name, value)
  }
  const addAll = (value: Value) => {
    if (value.kind === 'object') for (const [name, each] of Object.entries(value.properties)) add(name, each)
  }
  for (const { type, declaration, specifiers, source, exported: as, expression } of statements) {
    if (type === 'ExportNamedDeclaration') {
      for (const local of declaredBy(declaration)) add(local.name, evaluator.evaluate(local))
      for (const each of specifiers) {
        const local = nameOf(each.local)
        add(
          nameOf(each.exported),
          source ? evaluator.import(source.value, local) : evaluator.evaluate(each.local),
        )
      }
    } else if (type === 'ExportAllDeclaration') {
      const all = evaluator.import(source.value, '*')
      if (as) add(nameOf(as), all)
      else addAll(all)
    } else if (type === 'ExportDefaultDeclaration') add('default', evaluator.evaluate(declaration))
    else if (isCommonJsExport(expression)) {
      const name = propertyOfExports(expression.left)
      const value = evaluator.evaluate(expression.right)
      add(name ?? 'default', value)
      if (name === undefined) addAll(value)
    }
  }
  return Object.fromEntries(exported)
}

const EXPORTS = /^(?:module\.)?exports(?:\.(\w+))?$/

/** `exports.name = value`, `module.exports = value` */
export function isCommonJsExport(expression: AstNode | undefined): boolean {
  return expression?.type === 'AssignmentExpression' && EXPORTS.test(calleeName(expression.left))
}

function propertyOfExports(left: AstNode): string | undefined {
  return EXPORTS.exec(calleeName(left))?.[1]
}

function nameOf(node: AstNode): string {
  return node.name ?? node.value
}

/** The identifiers that a declaration declares. */
function declaredBy(declaration: AstNode | null): AstNode[] {
  if (declaration?.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }: any) =>
      id.type === 'ObjectPattern'
        ? propertiesOf(id).map(({ node }) => node)
        : id.type === 'Identifier'
          ? [id]
          : [],
    )
  return declaration?.id ? [declaration.id] : []
}
