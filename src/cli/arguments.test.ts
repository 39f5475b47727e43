import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments, type OptionTable } from './arguments.ts'

const table = {
  out: { type: 'string', short: 'o', brief: '' },
  include: { type: 'list', brief: '' },
  define: { type: 'pairs', brief: '' },
  minify: { type: 'boolean', short: 'm', brief: '' },
} as const satisfies OptionTable

for (const [line, values, positionals] of [
  [[], {}, []],
  [['main.ts', '-o', 'out', '--include=/abs/dir'], { out: 'out', include: ['/abs/dir'] }, ['main.ts']],
  [['--out', 'a', '--out=b'], { out: 'b' }, []],
  [['-oa'], { out: 'a' }, []],
  [['-o=a'], { out: 'a' }, []],
  [['--out=--minify'], { out: '--minify' }, []],
  [['--out', '-'], { out: '-' }, []],
  [['--include', 'a', 'x.ts', '--include=b=c'], { include: ['a', 'b=c'] }, ['x.ts']],
  [['--define', 'A=1', '--define=B=x=y', '--define', 'A='], { define: { A: '', B: 'x=y' } }, []],
  [['--define=A="1\n2"'], { define: { A: '"1\n2"' } }, []],
  [['--minify'], { minify: true }, []],
  [['-m', 'a'], { minify: true }, ['a']],
  [['--minify=true'], { minify: true }, []],
  [['--minify=false'], { minify: false }, []],
  [['--no-minify'], { minify: false }, []],
  [['--', '--minify', '-o'], {}, ['--minify', '-o']],
] as const) {
  test(`accepts ${JSON.stringify(line)}`, () => {
    const parsed = parseArguments(line, table)
    assert.deepEqual(parsed, { values, positionals })
  })
}

for (const [line, code, message, help] of [
  [['--ouput', 'x'], 'CLI_UNKNOWN_OPTION', 'unknown option --ouput', 'Did you mean --out?'],
  [['--minfy=true'], 'CLI_UNKNOWN_OPTION', 'unknown option --minfy', 'Did you mean --minify?'],
  [['--no-minfy'], 'CLI_UNKNOWN_OPTION', 'unknown option --no-minfy', 'Did you mean --minify?'],
  [['--no-out'], 'CLI_UNKNOWN_OPTION', 'unknown option --no-out', 'Did you mean --out?'],
  [['--x'], 'CLI_UNKNOWN_OPTION', 'unknown option --x', 'See "ingot help" for the options.'],
  [['-x'], 'CLI_UNKNOWN_OPTION', 'unknown option -x', 'See "ingot help" for the options.'],
  [
    ['--constructor'],
    'CLI_UNKNOWN_OPTION',
    'unknown option --constructor',
    'See "ingot help" for the options.',
  ],
  [['--__proto__'], 'CLI_UNKNOWN_OPTION', 'unknown option --__proto__', 'See "ingot help" for the options.'],
  [['--out'], 'CLI_OPTION_VALUE', '--out needs a value', 'Write --out <value>.'],
  [['--out='], 'CLI_OPTION_VALUE', '--out needs a value', 'Write --out <value>.'],
  [['-o', '--minify'], 'CLI_OPTION_VALUE', '-o needs a value', 'Write -o <value>.'],
  [['--define', 'A'], 'CLI_OPTION_VALUE', '--define A has no value', 'Write --define A=value.'],
  [['--minify=no'], 'CLI_OPTION_VALUE', '--minify takes no value but true or false, not "no"', undefined],
] as const) {
  test(`refuses ${line.join(' ')}`, () => {
    assert.throws(() => parseArguments(line, table), { code, message, help })
  })
}
