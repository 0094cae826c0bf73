/** Runs that stand on one another: stack, fork, undo, apply alone or as one, grow stale, repeat, discard with what stands above. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Layers } from '@nexus/protocol/layers'
import type { ApplyResult, Diff, Run } from '@nexus/protocol/runs'
import { needsStranger } from './needs.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { differences, snapshot, type Snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

interface Refusal { readonly code: number | null; readonly error?: { readonly code: string; readonly message: string; readonly next: string } }

describe.each([{ title: 'as this user', as: undefined }, { title: 'as somebody who is not root', as: STRANGER }])('$title', ({ as }) => {
  let nexus: Nexus
  let before: Snapshot
  beforeEach(({ skip }) => {
    if (as) needsStranger(skip)
    nexus = new Nexus(as ? { as } : {})
  })
  afterEach(() => nexus[Symbol.asyncDispose]())

  test(proves('the whole story, in the terminal', 'RUN-7'), async () => {
    begin()
    const first = await keep('mkdir lib; mv src/core.c lib/core.c; echo v1 > VERSION; echo kept > ~/notes; echo litter > /tmp/litter')
    // The child sees files and home of its parent; /tmp is its own.
    const second = await nexus.run('--on', first.id, 'echo v2 > VERSION; cat lib/core.c ~/notes; echo more >> ~/notes; rm -r src; cat /tmp/litter || true')
    expect(second.stdout).toBe('int core;\nkept\n')
    const third = await keep('ls; cat VERSION; echo 3 > lib/three.c; mv lib library', '--on', second.id)
    expect(third.stdout).toBe('VERSION\nlib\nv2\n')
    // What it inherited it did not leave.
    expect([second, third].map((run) => run.outside.map(({ path }) => path))).toEqual([[join(nexus.userHome, 'notes')], []])
    // A fork of the first step knows nothing of the second.
    const fork = await keep('cat VERSION; ls; echo fork > FORK', '--on', first.id)
    expect(fork.stdout).toBe('v1\nVERSION\nlib\nsrc\n')
    expect(changed()).toEqual([])

    const drawn = (await nexus.call('layers')).stdout
    const tree = drawn.split('\n').filter((line) => /(^| )r[a-z2-7]{12} /.test(line) && !line.includes('next:')).map((line) => line.replace(/ {2}kept.*/, ''))
    expect(tree).toEqual([first.id, `├ ${second.id}`, `│ └ ${third.id}`, `└ ${fork.id}`])
    expect(drawn).toContain(`next: nexus apply ${third.id} --with-parents`)
    expect(Math.max(...drawn.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80)

    // Against its parent one line, against the host everything.
    const own = await nexus.call('diff', second.id, 'VERSION')
    expect(own.stdout).toContain('-v1\n+v2\n')
    const all = await nexus.call('diff', second.id, '--against', 'host', '--stat')
    expect(all.stdout).toContain('src/core.c → lib/core.c')
    expect((await nexus.call('diff', second.id, 'VERSION', '--against', 'host')).stdout).toContain('--- /dev/null\n+++ b/VERSION')

    const refused = await nexus.call('apply', second.id)
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 126, stderr: expect.stringContaining(`nexus apply ${second.id} --with-parents`) })
    expect(changed()).toEqual([])

    const applied = await nexus.call('apply', second.id, '--with-parents')
    expect(applied.code, applied.stderr).toBe(0)
    expect(readdirSync(nexus.project).sort()).toEqual(['.git', 'VERSION', 'lib'])
    expect((await nexus.call('rollback', first.id)).stderr).toContain(`nexus rollback ${second.id}`)
    // What stood on it goes on, without having been run again, and so does the fork.
    const after = await nexus.json<ApplyResult>('apply', third.id)
    expect({ code: after.code, digest: after.run.digest, lib: readdirSync(join(nexus.project, 'library')) }).toEqual({ code: 0, digest: third.digest, lib: ['core.c', 'three.c'] })
    expect((await nexus.call('rollback', second.id)).stderr).toContain(`${third.id} stands on it and is applied`)
    for (const run of [third, second]) expect((await nexus.call('rollback', run.id)).code).toBe(0)
    expect(changed()).toEqual([])
  })

  test(proves('one after the other: nothing is run again, each digest stays, and the way back is the other way round', 'RUN-7'), async () => {
    begin()
    const first = await keep('echo 1 >> src/core.c; mkdir new; echo a > new/a')
    const second = await keep('echo 2 >> src/core.c; echo b > new/b; rm new/a', '--on', first.id)
    expect((await nexus.json('apply', first.id)).code).toBe(0)
    const shown = (await nexus.json<{ run: Run }>('show', second.id)).run
    expect({ status: shown.status, digest: shown.digest, needs: shown.needs }).toEqual({ status: 'kept', digest: second.digest, needs: undefined })
    expect((await nexus.json('apply', second.id, '--digest', second.digest ?? '')).code).toBe(0)
    expect({ core: read('src/core.c'), new: readdirSync(join(nexus.project, 'new')) }).toEqual({ core: 'int core;\n1\n2\n', new: ['b'] })
    expect((await refusal('rollback', first.id)).error?.code).toBe('child-applied')
    for (const run of [second, first]) expect((await nexus.json('rollback', run.id)).code).toBe(0)
    expect(changed()).toEqual([])
  })

  test(proves('the copy back end stacks as well', 'RUN-7'), async () => {
    begin()
    const first = await keep('echo 1 >> src/core.c; mkdir new; echo a > new/a', '--backend', 'copy')
    writeFileSync(join(nexus.project, 'by-hand'), 'nobody touches this\n')
    const second = await keep('cat src/core.c new/a; echo 2 >> src/core.c; rm new/a', '--on', first.id)
    expect({ backend: second.backend, stdout: second.stdout, paths: second.changes.map(({ path }) => path) }).toEqual({ backend: 'copy', stdout: 'int core;\n1\na\n', paths: ['new/a', 'src/core.c'] })
    expect((await refusal('run', '--on', first.id, '--backend', 'overlay', 'true')).error?.code).toBe('backend-unavailable')
    // What came to the host meanwhile is no business of the two runs.
    expect((await nexus.json('apply', second.id, '--with-parents')).code).toBe(0)
    expect({ core: read('src/core.c'), hand: read('by-hand'), new: readdirSync(join(nexus.project, 'new')) }).toEqual({ core: 'int core;\n1\n2\n', hand: 'nobody touches this\n', new: [] })
    expect((await nexus.json('rollback', second.id)).code).toBe(0)
    rmSync(join(nexus.project, 'by-hand'))
    expect(changed().filter((line) => !line.startsWith('".": mtimeNs'))).toEqual([])
  })

  function begin(): void {
    mkdirSync(join(nexus.project, 'src'))
    writeFileSync(join(nexus.project, 'src/core.c'), 'int core;\n')
    if (as) nexus.own()
    before = look()
  }

  function look(): Snapshot {
    return snapshot(nexus.project, { xattrs: false })
  }

  function changed(): string[] {
    return differences(before, look())
  }

  function read(path: string): string {
    return readFileSync(join(nexus.project, path), 'utf8')
  }

  function keep(command: string, ...options: string[]): Promise<Run> {
    return nexus.run('--keep', ...options, command)
  }

  function refusal(...words: string[]): Promise<Refusal> {
    return nexus.json<Refusal>(...words)
  }
})

describe('with one daemon', () => {
  let nexus: Nexus
  beforeEach(() => { nexus = new Nexus() })
  afterEach(() => nexus[Symbol.asyncDispose]())
  const keep = (command: string, ...options: string[]) => nexus.run('--keep', ...options, command)
  const show = async (id: string) => (await nexus.json<{ run: Run }>('show', id)).run
  const statuses = async (...runs: Run[]) => Promise.all(runs.map(async ({ id }) => (await show(id)).status))

  test(proves('a ground that comes to the host in part makes stale what stands on it, and one command repeats that', 'RUN-7'), async () => {
    const first = await keep('echo 1 > one; echo 1 > other')
    const second = await keep('cat one; echo 2 > two', '--on', first.id)
    const third = await keep('echo 3 > three', '--on', second.id)
    expect((await nexus.json('apply', first.id, 'one')).code).toBe(0)
    expect(await statuses(first, second, third)).toEqual(['applied', 'stale', 'stale'])
    expect((await nexus.json<Refusal>('apply', second.id)).error?.code).toBe('wrong-status')
    expect((await nexus.json<Refusal>('run', '--on', first.id, 'true')).error?.message).toContain('applied in part')
    // The rest follows: they are what they were.
    expect((await nexus.json('apply', first.id)).code).toBe(0)
    expect(await statuses(first, second, third)).toEqual(['applied', 'kept', 'kept'])
    expect((await nexus.json('rollback', first.id)).code).toBe(0)
    expect((await nexus.json('apply', first.id, 'other')).code).toBe(0)
    expect((await show(second.id)).next).toBe(`nexus rerun ${second.id}`)

    // Repeated on the host: there is no `one` there now. And what stood on it is repeated on that.
    const failed = await nexus.json<{ run: Run }>('rerun', second.id)
    expect({ code: failed.code, parent: failed.run.parent }).toEqual({ code: 0, parent: undefined })
    expect(failed.run.stderr).toContain('one')
    const above = await nexus.json<{ run: Run }>('rerun', third.id)
    expect({ parent: above.run.parent, rerunOf: above.run.rerunOf, needs: above.run.needs }).toEqual({ parent: failed.run.id, rerunOf: third.id, needs: [failed.run.id] })
  })

  test(proves('discarding: what stands above goes along, or nothing goes', 'RUN-7'), async () => {
    const first = await keep('echo 1 > one')
    const second = await keep('echo 2 > two', '--on', first.id)
    const third = await keep('echo 3 > three', '--on', second.id)
    const refused = await nexus.json<Refusal>('discard', first.id)
    expect({ code: refused.code, error: refused.error?.code, next: refused.error?.next }).toEqual({ code: 126, error: 'layer-has-children', next: expect.stringContaining('--cascade') })
    expect((await nexus.json('discard', third.id)).code).toBe(0)
    expect(await statuses(first, second, third)).toEqual(['kept', 'kept', 'discarded'])
    expect((await nexus.json('discard', first.id, '--cascade')).code).toBe(0)
    expect(await statuses(first, second)).toEqual(['discarded', 'discarded'])
    expect((await nexus.json<Layers>('layers')).layers).toEqual([])
    expect(readdirSync(join(nexus.base, 'state/layers'))).toEqual([])
  })

  test(proves('as one: its own digest, conflicts as always, checks and verifications over the whole', 'RUN-7', 'RUN-4'), async () => {
    writeFileSync(join(nexus.project, 'shared'), '1\n2\n3\n4\n5\n6\n7\n8\n9\n')
    const first = await keep('sed -i s/1/one/ shared; echo a > a')
    const second = await nexus.run('--keep', '--on', first.id, '--check', 'grep one shared && test -e a', 'sed -i s/9/nine/ shared; rm a')
    expect(second.check?.exitCode).toBe(1)
    const both = await nexus.json<Diff>('diff', second.id, '--against', 'host', '--stat')
    // `a` came and went.
    expect({ paths: both.changes.map(({ path }) => path), isOwn: both.digest === second.digest }).toEqual({ paths: ['shared'], isOwn: false })
    expect((await nexus.json<Refusal>('apply', second.id, '--with-parents', '--digest', second.digest ?? '')).error?.code).toBe('digest-mismatch')
    expect((await nexus.json<Refusal>('apply', second.id, 'shared', '--with-parents')).error?.code).toBe('bad-request')

    writeFileSync(join(nexus.project, 'shared'), '1\n2\n3\n4\nfive\n6\n7\n8\n9\n')
    const met = await nexus.json<ApplyResult>('apply', second.id, '--with-parents', '--digest', both.digest ?? '')
    expect({ code: met.code, reasons: met.conflicts.map(({ path, reason }) => [path, reason]) }).toEqual({ code: 3, reasons: [['shared', 'changed']] })
    expect(await statuses(first, second)).toEqual(['kept', 'kept'])
    const merged = await nexus.json<{ digest: string; patch: string }>('apply', second.id, '--with-parents', '--merge')
    expect({ code: merged.code, patch: merged.patch }).toEqual({ code: 4, patch: expect.stringContaining('+one') })
    expect((await nexus.json('apply', second.id, '--digest', merged.digest)).code).toBe(0)
    expect(readFileSync(join(nexus.project, 'shared'), 'utf8')).toBe('one\n2\n3\n4\nfive\n6\n7\n8\nnine\n')
    expect(await statuses(first, second)).toEqual(['applied', 'applied'])
    expect((await nexus.json('rollback', second.id)).code).toBe(0)
    expect(await statuses(first, second)).toEqual(['rolled-back', 'rolled-back'])
    expect(readFileSync(join(nexus.project, 'shared'), 'utf8')).toBe('1\n2\n3\n4\nfive\n6\n7\n8\n9\n')
  })

  test(proves('--apply on something that is not applied is kept, and says why; on what is applied it goes through', 'RUN-7'), async () => {
    const first = await keep('echo 1 > one')
    const second = await nexus.call('run', '--apply', '--on', first.id, 'echo 2 > two')
    expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 4, stderr: expect.stringContaining('not applied: it stands on a run that is not applied') })
    expect((await nexus.json('apply', first.id)).code).toBe(0)
    expect((await nexus.json<{ run: Run }>('run', '--apply', '--on', first.id, 'cat one; echo 3 > three')).run).toMatchObject({ status: 'applied', stdout: '1\n', parent: first.id })
    expect(existsSync(join(nexus.project, 'three'))).toBe(true)
  })

  test(proves('what cannot be stood upon, and where one stands', 'RUN-7'), async () => {
    const first = await keep('mkdir deep; echo 1 > deep/one')
    // A directory that only the run below knows.
    expect(await nexus.run('--on', first.id, '--cwd', join(nexus.project, 'deep'), 'cat one; pwd')).toMatchObject({ status: 'unchanged', stdout: `1\n${join(nexus.project, 'deep')}\n` })
    mkdirSync(join(nexus.base, 'other/.git'), { recursive: true })
    const elsewhere = await nexus.start(['run', '--json', '--on', first.id, 'true'], { cwd: join(nexus.base, 'other') }).ended
    expect({ code: elsewhere.code, error: (JSON.parse(elsewhere.stdout) as Refusal).error?.code }).toEqual({ code: 2, error: 'other-project' })
    const failed = (await nexus.json<{ run: Run }>('run', '--timeout', '200ms', '--keep', 'echo 1 > late; sleep 20')).run
    expect((await nexus.json<Refusal>('run', '--on', failed.id, 'true')).error?.code).toBe('wrong-status')
    expect((await nexus.json('discard', first.id, '--cascade')).code).toBe(0)
    expect((await nexus.json<Refusal>('run', '--on', first.id, 'true')).error?.code).toBe('wrong-status')
    expect((await nexus.json<Refusal>('run', '--on', 'rzzzzzzzzzzzz', 'true')).error?.code).toBe('no-run')
  })

  test(proves('the last one undone, the one before repeated: what stood on the old one is stale, and is repeated on the new', 'RUN-7'), async () => {
    const first = await keep('date +%N > one')
    const second = await keep('cp one two', '--on', first.id)
    const again = (await nexus.json<{ run: Run }>('rerun', first.id)).run
    expect(await statuses(first, second)).toEqual(['stale', 'stale'])
    const third = (await nexus.json<{ run: Run }>('rerun', second.id)).run
    expect(third.needs).toEqual([again.id])
    expect((await nexus.json('apply', third.id, '--with-parents')).code).toBe(0)
    expect(readFileSync(join(nexus.project, 'two'), 'utf8')).toBe(readFileSync(join(nexus.project, 'one'), 'utf8'))
  })
})
