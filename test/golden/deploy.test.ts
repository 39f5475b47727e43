// What `ingot deploy` makes of a program that needs something of everything, as files that a person can check; whether
// they are valid, test/spec/deploy.test.ts asks the engines. After a change that is meant: node --test --test-update-snapshots.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { subjectWith } from '../../src/deploy/contract.fixture.ts'
import { kubernetes } from '../../src/deploy/kubernetes.ts'
import { launchd } from '../../src/deploy/launchd.ts'
import { nomad } from '../../src/deploy/nomad.ts'
import { planDeployment } from '../../src/deploy/plan.ts'
import { systemd } from '../../src/deploy/systemd.ts'

const GIVEN = { env: { REGION: 'eu' }, args: ['serve', 'a "b" $c'] }

for (const [name, format] of Object.entries({ systemd, kubernetes: kubernetes(undefined), nomad, launchd })) {
  test(name, (t) => {
    const render = () => format.render(planDeployment(subjectWith(), GIVEN, format).deployment)
    t.assert.snapshot(render(), { serializers: [String] })
    assert.equal(render(), render())
  })
}
