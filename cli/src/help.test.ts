import { expect, test } from 'vitest'
import { COMMANDS } from './commands/index.ts'
import { described, helpFor, overview } from './help.ts'

test('every command, as a person reads it', () => {
  expect(overview(COMMANDS).split('\n').slice(0, 12)).toEqual([
    'Nexus: every change proven before it touches your machine.', '',
    "  nexus run 'rm -rf docs && date > hello.txt'    run it in a layer, see, decide", '',
    '  run         run a command in a layer, show what it would change, decide',
    '  runs        the runs of this project, newest first',
    '  show        what a run did',
    '  diff        the patch of a run',
    '  apply       bring a change set, or some paths of it, to the host',
    '  conflicts   what an apply would meet on the host now, path by path',
    '  rerun       the same command again, on the host as it is now',
    '  rollback    take an applied run back',
  ])
})

test('one command', () => {
  const kill = COMMANDS.find(({ name }) => name === 'kill')
  expect(kill && helpFor(kill).split('\n')).toEqual([
    'nexus kill [RUN] [--proof] [--release]', '', '  stop one run, or everything until --release', '',
    '  --project DIR  the project (default: the one around here)', '  --proof        with a digest of the projects of what it ended', '  --release      let runs start again',
    '  --json         print JSON only; nothing is asked', '  -h, --help     this text', '',
    'Exit codes: 0; 2 the words do not fit; 125 Nexus failed; 126 refused; 127 not found',
  ])
})

test('nothing is wider than a terminal of 80 columns but the exit codes', () => {
  for (const spec of COMMANDS) for (const line of helpFor(spec).split('\n').slice(0, -1)) expect(line.length, line).toBeLessThanOrEqual(80)
  for (const line of overview(COMMANDS).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('the same for programs', () => {
  for (const spec of COMMANDS) expect(described(spec)).toMatchObject({ name: spec.name, exitCodes: [0, ...spec.exits] })
})
