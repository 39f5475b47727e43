import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { eraseTypes, stripTypes } from './transform.ts'

suite('types are blanked out', () => {
  for (const [text, expected] of [
    [
      `import { val, Foo } from './x.ts'; let a: Foo = val`,
      `import { val      } from './x.ts'; let a      = val`,
    ],
    [
      `import { Foo, val } from './x.ts'; let a: Foo = val`,
      `import {      val } from './x.ts'; let a      = val`,
    ],
    [`import { Foo } from './x.ts'; let a: Foo`, `                                let a     `],
    [`import D, { Foo } from './x.ts'; let a: Foo = D`, `import D, {     } from './x.ts'; let a      = D`],
    [`import D, { val } from './x.ts'; let a: D = val`, `import    { val } from './x.ts'; let a    = val`],
    [`import * as N from './x.ts'; let a: N.T`, `                                let a     `],
    [
      `import { Foo as F, val as v } from './x.ts'; v as F`,
      `import {           val as v } from './x.ts'; v     `,
    ],
    [`import './x.ts'`, `import './x.ts'`],
    [`interface A {}; class V {}; export { A, V }`, `              ; class V {}; export {    V }`],
    [
      `import { Foo,\n  val } from './x.ts'; let a: Foo = val`,
      `import {     \n  val } from './x.ts'; let a      = val`,
    ],
  ] as const)
    test(text, () => {
      const erased = eraseTypes('/nowhere/main.ts', text, stripTypes)
      assert.equal(erased?.length, text.length)
      assert.equal(erased?.replaceAll(/\s+/g, ' ').trim(), expected.replaceAll(/\s+/g, ' ').trim())
    })
})
