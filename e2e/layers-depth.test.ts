/** A stack of hundreds: every step sees what those below left, long chains become short, and all of it is applied as one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { isEndurance, seed } from './crash/dice.ts'
import { callsTo } from './layers/calls.ts'
import { needsStranger } from './needs.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const DEPTH = isEndurance ? 300 : 60
/** One file in seven is written again and again, one goes when the next comes, a folder moves along. */
const stepOf = (depth: number) => `cat log; echo ${depth} >> log; echo ${depth} > f${depth % 7}; rm -f gone-*; echo ${depth} > gone-${depth}; mv at-* at-${depth}`

/** The marks of the overlay are not the same; CI takes one of the two. */
const WHO = [{ who: 'as this user', as: undefined }, { who: 'as somebody who is not root', as: STRANGER }]

describe.each(isEndurance ? WHO : WHO.slice(seed % 2).slice(0, 1))('$who', ({ as }) => {
  test(proves(`a stack of ${DEPTH}, squashed on the way`, 'RUN-7'), async ({ skip }) => {
    if (as) needsStranger(skip)
    await using nexus = new Nexus(as ? { as } : {})
    const { project } = nexus
    mkdirSync(join(project, 'at-0'))
    writeFileSync(join(project, 'at-0/inside'), 'it moves along\n')
    writeFileSync(join(project, 'gone-0'), '')
    nexus.own()
    const before = snapshot(project, { xattrs: false })
    await nexus.call('daemon', 'start')
    const calls = callsTo(nexus)
    const stack: Run[] = []
    for (let depth = 1; depth <= DEPTH; depth += 1) {
      const below = stack.at(-1)
      const { run } = await calls.runs.start.mutate({ command: [stepOf(depth)], cwd: project, project, env: { PATH: process.env.PATH ?? '' }, umask: 0o22, ...(below ? { on: below.id } : {}) })
      const { run: ended } = await calls.runs.wait.query({ run: run.id })
      expect({ status: ended.status, stdout: ended.stdout, stderr: ended.stderr }, `depth ${depth}`).toEqual({ status: 'kept', stdout: Array.from({ length: depth - 1 }, (_, at) => `${at + 1}\n`).join(''), stderr: depth === 1 ? 'cat: log: No such file or directory\n' : '' })
      stack.push(ended)
    }
    const top = stack.at(-1)
    const ground = stack[0]
    if (!top || !ground) throw new Error('there is no stack')
    const squashed = join(nexus.base, 'state/squashed')
    expect(existsSync(squashed) ? readdirSync(squashed).length : 0).toBe(1 + Math.floor((DEPTH - 52) / 49))
    expect(differences(before, snapshot(project, { xattrs: false }))).toEqual([])

    // From a squashed one and from one of the middle it goes on as from any other.
    const middle = stack[54]
    const fork = await nexus.run('--on', middle?.id ?? '', '--discard', 'wc -l < log; cat f4 gone-*; ls -d at-*; cat at-*/inside')
    expect(fork.stdout).toBe('55\n53\n55\nat-55\nit moves along\n')

    expect((await nexus.json('apply', top.id, '--with-parents')).code).toBe(0)
    expect({ log: readFileSync(join(project, 'log'), 'utf8').split('\n').length, gone: readdirSync(project).filter((name) => name.startsWith('gone-')), moved: readFileSync(join(project, `at-${DEPTH}/inside`), 'utf8') }).toEqual({ log: DEPTH + 1, gone: [`gone-${DEPTH}`], moved: 'it moves along\n' })
    expect((await nexus.json('rollback', top.id)).code).toBe(0)
    expect(differences(before, snapshot(project, { xattrs: false }))).toEqual([])

    expect((await nexus.json('discard', ground.id, '--cascade')).code).toBe(0)
    await nexus.json('gc')
    expect({ layers: readdirSync(join(nexus.base, 'state/layers')), squashed: readdirSync(squashed) }).toEqual({ layers: [], squashed: [] })
  }, 3600_000)
})
