/**
 * The attack suite: hostile programs as data, each with what it says when it is held. Every family runs on every front
 * (root and a stranger, the native launcher and util-linux), with the host oracle around it. A harmless canary goes first:
 * on a front where even that got out, nothing hostile is started.
 */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Bait } from './bait.ts'
import { frontsHere, type Front } from './fronts.ts'
import { needs, needsStranger } from '../needs.ts'
import { Programs, type Program } from './programs.ts'

export interface Attack {
  readonly name: string
  /** What it says when it is held: a program that gets through says something else. */
  readonly says: string | RegExp | ((front: Front, bait: Bait) => string)
  /** The wall that holds it; left out on a front that does not have it, and is `reduced` for that. */
  readonly wall?: 'seccomp' | 'landlock' | 'private-keyring' | 'user-namespace'
  readonly net?: 'on'
  /** Only root has what this needs, or could do it at all. */
  readonly who?: 'root'
  readonly program: (bait: Bait) => Program
  /** What people on the host do while it runs; disposed with its end. */
  readonly meanwhile?: (bait: Bait) => Disposable
  /** More than what it said. */
  readonly also?: (run: Run, bait: Bait) => void | Promise<void>
}

const MARK = 'nexus-was-here'
const OPEN_FOLDERS = ['/', '/etc', '/usr', '/usr/bin', '/var', '/var/lib', '/srv', '/opt', '/boot', '/tmp', '/var/tmp', '/run', '/dev', '/dev/shm', '/root', '/home', '/sys/fs/cgroup']

export function family(title: string, attacks: readonly Attack[]): void {
  for (const front of frontsHere()) {
    describe(`${title}, ${front.name}`, () => {
      let bait: Bait
      let programs: Programs
      let lack: string | undefined
      beforeAll(async () => {
        const note = (text: string) => { lack ??= text }
        needs(note, 'gcc', 'python3')
        if (front.as) needsStranger(note)
        if (lack !== undefined) return
        bait = await Bait.lay(front)
        programs = new Programs(bait, attacks.map((attack) => attack.program(bait)))
        await canary(bait)
        bait.look()
      })
      beforeEach(({ skip }) => { if (lack !== undefined) skip(lack) })
      afterAll(() => bait?.[Symbol.asyncDispose]())

      for (const [at, attack] of attacks.entries()) {
        if (!front.has(attack)) continue
        test(attack.name, async () => {
          using _around = attack.meanwhile?.(bait)
          const run = await bait.nexus.run('--discard', '--net', attack.net ?? 'off', '--', ...programs.words(at))
          const said = String(run.stdout).trim()
          const expected = typeof attack.says === 'function' ? attack.says(front, bait) : attack.says
          expect(said, String(run.stderr)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
          await attack.also?.(run, bait)
          expect(OPEN_FOLDERS.filter((folder) => existsSync(`${folder}/${MARK}`))).toEqual([])
        })
      }

      test('after all of it the host is as it was', () => {
        expect(bait.changed()).toEqual([])
      })
    })
  }
}

/** Throws where the sandbox is none. */
async function canary({ nexus }: Bait): Promise<void> {
  const run = await nexus.run('--discard', '--', 'sh', '-c', `for f in ${OPEN_FOLDERS.join(' ')} .; do { printf '' > "$f/nexus-canary"; } 2>/dev/null; done; kill -0 ${process.pid} 2>/dev/null && echo sees the host; echo $$`)
  const out = OPEN_FOLDERS.filter((folder) => existsSync(`${folder}/nexus-canary`))
  if (out.length > 0 || !/^\d+\n$/.test(String(run.stdout)) || existsSync(`${nexus.project}/nexus-canary`)) {
    throw new Error(`the canary got out (${out.join(' ')} ${String(run.stdout)}): nothing hostile is started`)
  }
}
