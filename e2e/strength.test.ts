/** Nothing weaker than the best is taken silently: a person is asked, or the caller said so. */
import { spawnSync } from 'node:child_process'
import { chownSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import type { Doctor } from '@nexus/protocol/system'
import { needsStranger } from './needs.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

describe('a project with a file of somebody else', () => {
  let nexus: Nexus
  beforeEach(({ skip }) => {
    needsStranger(skip)
    nexus = new Nexus({ as: STRANGER })
    writeFileSync(join(nexus.project, 'foreign'), 'of root\n')
    writeFileSync(join(nexus.project, 'own'), 'own\n')
    chownSync(join(nexus.project, 'own'), STRANGER.uid, STRANGER.gid)
  })
  afterEach(() => nexus?.[Symbol.asyncDispose]())

  test(proves('waits for a person, exit 4, and runs when it is approved', 'RUN-1', 'RUN-8', 'CHAT-2'), async () => {
    const waiting = await nexus.json<{ run: Run }>('run', 'echo 1 > own; echo ran')
    expect({ code: waiting.code, status: waiting.run.status, strength: waiting.run.strength, backend: waiting.run.backend, exitCode: waiting.run.exitCode, next: waiting.run.next })
      .toEqual({ code: 4, status: 'waiting', strength: 'weak', backend: 'copy', exitCode: null, next: `nexus approve ${waiting.run.id}` })
    expect((await nexus.json<{ runs: { waiting: number } }>('status')).runs.waiting).toBe(1)
    const approved = await nexus.json<{ run: Run }>('approve', waiting.run.id)
    expect({ code: approved.code, status: approved.run.status, stdout: approved.run.stdout, changes: approved.run.changes.map(({ path }) => path) }).toEqual({ code: 0, status: 'kept', stdout: 'ran\n', changes: ['own'] })
    expect(readFileSync(join(nexus.project, 'own'), 'utf8')).toBe('own\n')
    expect((await nexus.json('apply', waiting.run.id)).code).toBe(0)
    expect(readFileSync(join(nexus.project, 'own'), 'utf8')).toBe('1\n')
  })

  test(proves('is refused when it is denied, and never runs', 'RUN-1'), async () => {
    const { run } = await nexus.json<{ run: Run }>('run', 'touch ran')
    const denied = await nexus.json<{ run: Run }>('approve', run.id, '--deny')
    expect({ code: denied.code, status: denied.run.status, endReason: denied.run.endReason }).toEqual({ code: 0, status: 'refused', endReason: 'denied' })
    expect((await nexus.json('approve', run.id)).code).toBe(126)
    expect(existsSync(join(nexus.project, 'ran'))).toBe(false)
  })

  test('one that lies too deep to be found beforehand is named when the command has failed; the next run is copied', async () => {
    rmSync(join(nexus.project, 'foreign'))
    const many = spawnSync('sh', ['-c', 'mkdir -p many z/deep && cd many && seq 20500 | xargs touch'], { ...STRANGER, cwd: nexus.project })
    expect(many.status).toBe(0)
    writeFileSync(join(nexus.project, 'z/deep/foreign'), 'of root\n', { mode: 0o666 })
    chmodSync(join(nexus.project, 'z/deep/foreign'), 0o666)
    const { code, run } = await nexus.json<{ run: Run }>('run', 'echo more >> z/deep/foreign; code=$?; sleep 1; exit $code')
    expect({ code, backend: run.backend, status: run.status, endReason: run.endReason }).toEqual({ code: 126, backend: 'overlay', status: 'failed', endReason: 'unmapped-owner' })
    expect(run.stderr).toMatch(/Value too large for defined data type\n(.*\n)*nexus: .*z\/deep\/foreign belongs to another user[^]*next: nexus run --backend copy/)
    expect((await nexus.json<{ run: Run }>('run', 'true')).run).toMatchObject({ status: 'waiting', backend: 'copy', walls: expect.arrayContaining([{ name: 'overlay', required: false, up: false, cause: expect.stringContaining('z/deep/foreign belongs to') }]) })
  })

  test(proves('--backend copy is the answer beforehand; --backend overlay is refused with the reason', 'RUN-8'), async () => {
    const copied = await nexus.json<{ run: Run }>('run', '--backend', 'copy', 'echo 1 > own')
    expect({ code: copied.code, status: copied.run.status, flags: copied.run.flags }).toEqual({ code: 0, status: 'kept', flags: ['copy-backend'] })
    const refused = await nexus.json<{ error: { code: string; message: string; next: string } }>('run', '--backend', 'overlay', 'true')
    expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 126, error: 'backend-unavailable' })
    expect(refused.error.message).toContain('foreign')
    expect(refused.error.next).toContain('--backend copy')
  })
})

describe('the rungs of this machine', () => {
  let nexus: Nexus
  beforeEach(() => { nexus = new Nexus() })
  afterEach(() => nexus[Symbol.asyncDispose]())

  test(proves('doctor tries each with a real command, says what is missing, and names the one that is chosen', 'CHAT-2'), async () => {
    const doctor = await nexus.json<Doctor>('doctor')
    expect(doctor.probes.map(({ backend, launcher }) => `${backend} ${launcher}`).sort()).toEqual(['copy native', 'copy util-linux', 'overlay native', 'overlay util-linux'])
    for (const probe of doctor.probes) if (!probe.works) expect({ cause: probe.cause, fix: probe.fix }).toEqual({ cause: expect.stringMatching(/./), fix: expect.stringMatching(/./) })
    const best = doctor.probes.find(({ works }) => works)
    expect(doctor.chosen).toEqual({ backend: best?.backend, launcher: best?.launcher, strength: best?.strength })
  })

  test(proves('without the native launcher a run is reduced, says which wall is missing, and changes nothing before an apply', 'RUN-8'), async () => {
    nexus.env.NEXUS_NATIVE = join(nexus.base, 'no-such-launcher')
    const run = await nexus.run('--keep', 'echo 1 > a; mkdir d; rm -rf .git')
    expect({ strength: run.strength, backend: run.backend, status: run.status, exitCode: run.exitCode, stderr: run.stderr }).toEqual({ strength: 'reduced', backend: 'overlay', status: 'kept', exitCode: 0, stderr: '' })
    expect(run.walls.filter(({ up, required }) => required && !up)).not.toEqual([])
    expect(existsSync(join(nexus.project, 'a'))).toBe(false)
    expect((await nexus.call('run', 'true')).stderr).toContain('reduced')
    expect((await nexus.json('apply', run.id, '--confirm', 'critical')).code).toBe(0)
    expect(readFileSync(join(nexus.project, 'a'), 'utf8')).toBe('1\n')
  })

  test(proves('a launcher that cannot start anything is no way out: 126 with the fix, and nothing runs on the host', 'RUN-8'), async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('needs root: to put something else in the place of unshare')
    nexus.env.NEXUS_NATIVE = '/bin/false'
    // Seen by this Nexus alone. Its own programs come from the system's folders, whatever is on the PATH.
    nexus.through = ['unshare', '-m', 'sh', '-c', 'mount --bind /bin/false "$(command -v unshare)" && exec "$@"', 'sh']
    const refused = await nexus.json<{ error: { code: string; next: string } }>('run', 'touch ran')
    expect({ code: refused.code, error: refused.error.code }).toEqual({ code: 126, error: 'sandbox-unavailable' })
    expect(refused.error.next).not.toBe('')
    expect(existsSync(join(nexus.project, 'ran'))).toBe(false)
  })
})
