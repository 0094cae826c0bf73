/** Tools that rename folders, through the whole way: inside, checked, applied, taken back. As root and as a user who is not. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { showBytes } from '@nexus/protocol/bytes'
import type { ApplyResult, Run } from '@nexus/protocol/runs'
import type { Verification } from '@nexus/protocol/verify'
import { needs, needsStranger } from './needs.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const isRoot = process.getuid?.() === 0

describe.each(isRoot ? ['root', 'user'] as const : ['user'] as const)('as %s', (who) => {
  let nexus: Nexus
  beforeAll(() => { nexus = isRoot && who === 'user' ? new Nexus({ as: STRANGER }) : new Nexus() })
  afterAll(() => nexus[Symbol.asyncDispose]())

  /** On the host, as the owner of the project. */
  const host = (line: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: nexus.project, env: nexus.env, encoding: 'utf8', ...(isRoot && who === 'user' ? STRANGER : {}) })
    if (status !== 0) throw new Error(`${line}: ${stderr}`)
    return stdout
  }
  const told = ({ changes }: Run) => changes.filter(({ path }) => !showBytes(path).startsWith('.git/')).map(({ kind, path, from }) => `${kind} ${from === undefined ? '' : `${showBytes(from)} > `}${showBytes(path)}`).sort()
  const ready = (skip: (note: string) => void, ...tools: string[]) => {
    if (isRoot && who === 'user') needsStranger(skip)
    needs(skip, ...tools)
  }

  test(proves('git mv and a rebase over a renamed folder, applied and rolled back', 'RUN-3', 'RUN-5'), async ({ skip }) => {
    ready(skip, 'git')
    host(`rm -rf .git && git init -q -b main . && git config user.name a && git config user.email a@b && mkdir -p lib/deep && for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done > lib/one && echo two > lib/deep/two && git add -A && git commit -qm start
      git checkout -q -b edits && echo edit >> lib/one && git commit -qam edit && git checkout -q main`)
    const before = snapshot(nexus.project)
    const run = await nexus.run('--check', 'test -f src/deep/two && test ! -e lib && git status --porcelain | wc -l | grep -qx 0', '--keep', 'git mv lib src && git commit -qm moved && git checkout -q edits && git rebase -q main && cat src/one | tail -1')
    expect({ code: run.exitCode, stdout: run.stdout, stderr: run.stderr, check: run.check?.exitCode }).toEqual({ code: 0, stdout: 'edit\n', stderr: '', check: 0 })
    expect(told(run)).toEqual(['added src', 'added src/deep', 'deleted lib', 'deleted lib/deep', 'deleted lib/one', 'added src/one', 'renamed lib/deep/two > src/deep/two'].sort())
    expect(await nexus.json<ApplyResult>('apply', run.id)).toMatchObject({ conflicts: [] })
    expect(host('GIT_OPTIONAL_LOCKS=0 git status --porcelain; git log --format=%s; cat src/deep/two')).toBe('edit\nmoved\nstart\ntwo\n')
    expect(await nexus.json<ApplyResult>('rollback', run.id)).toMatchObject({ code: 0, conflicts: [] })
    expect(differences(before, snapshot(nexus.project))).toEqual([])
  })

  test('run times: node, python, perl', async ({ skip }) => {
    ready(skip, 'python3')
    host('mkdir -p tools/in && echo x > tools/in/x')
    const run = await nexus.run('--discard', `node -e "require('fs').renameSync('tools', 'a')" && python3 -c "import os, shutil; os.rename('a', 'b'); os.replace('b', 'c'); shutil.move('c', 'd')" && perl -e 'rename("d", "e") or die $!' && node -e "require('fs').promises.rename('e/in', 'e/out').then(() => console.log(require('fs').readdirSync('e')))"`)
    expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: "[ 'out' ]\n", stderr: '' })
  })

  // Root's overlay renames such folders by itself.
  if (who === 'user') test('npm, which puts packages aside by renaming their folders', async ({ skip }) => {
    ready(skip)
    host(`mkdir -p npm/dep/lib && cd npm && echo '{"name":"dep","version":"1.0.0"}' > dep/package.json && echo 1 > dep/lib/x.js && echo '{"name":"own","version":"1.0.0"}' > package.json && npm pack -s --pack-destination . ./dep
      echo '{"name":"dep","version":"2.0.0"}' > dep/package.json && echo 2 > dep/lib/x.js && npm pack -s --pack-destination . ./dep && npm install --offline --no-audit --no-fund -s ./dep-1.0.0.tgz`)
    const run = await nexus.run('--keep', '--cwd', join(nexus.project, 'npm'), 'npm install --offline --no-audit --no-fund -s ./dep-2.0.0.tgz && cat node_modules/dep/lib/x.js')
    expect({ code: run.exitCode, stdout: run.stdout, stderr: run.stderr }).toEqual({ code: 0, stdout: '2\n', stderr: '' })
    expect(told(run).filter((line) => line.includes('.nexus-') || line.includes('/.dep-'))).toEqual([])
    expect(await nexus.json<ApplyResult>('apply', run.id)).toMatchObject({ conflicts: [] })
    expect(readFileSync(join(nexus.project, 'npm/node_modules/dep/package.json'), 'utf8')).toContain('2.0.0')
  })

  test('what stands on a run, also once that is applied, sees what it renamed', async ({ skip }) => {
    ready(skip)
    writeFileSync(join(nexus.project, 'package.json'), '{"scripts":{"test":"cat moved/in/x && test ! -e tools"}}')
    const run = await nexus.run('--keep', "node -e \"require('fs').renameSync('tools', 'moved')\"")
    for (const step of ['kept', 'applied']) {
      const { verification } = await nexus.json<{ verification: Verification }>('verify', '--on', run.id)
      expect({ step, checks: verification.checks.map(({ kind, status }) => `${kind} ${status}`) }).toEqual({ step, checks: ['test passed'] })
      const over = await nexus.run('--on', run.id, '--keep', `cat moved/in/x && mv moved/in moved/${step} && echo ${step} > moved/${step}/y`)
      expect({ step, stdout: over.stdout, told: told(over) }).toEqual({ step, stdout: 'x\n', told: [`added moved/${step}`, `added moved/${step}/y`, 'deleted moved/in', `renamed moved/in/x > moved/${step}/x`] })
      if (step === 'kept') expect(await nexus.json<ApplyResult>('apply', run.id)).toMatchObject({ conflicts: [] })
    }
    expect(existsSync(join(nexus.project, 'moved/in/x'))).toBe(true)
    // The one that was made before, and one more on top of it.
    const { runs } = await nexus.json<{ runs: Run[] }>('runs')
    const first = runs.find(({ command }) => command.join(' ').includes('mv moved/in moved/kept'))
    const more = await nexus.run('--on', first?.id ?? '', '--keep', 'cat moved/kept/x moved/kept/y && rm moved/kept/y')
    expect({ stdout: more.stdout, told: told(more) }).toEqual({ stdout: 'x\nkept\n', told: ['deleted moved/kept/y'] })
    expect(await nexus.json<ApplyResult>('apply', more.id, '--with-parents')).toMatchObject({ conflicts: [] })
    expect(host('ls moved/kept')).toBe('x\n')
  })
})

test('the setting sandbox.nested: who makes a namespace of its own may rename folders there, and does not get around its own root', async ({ skip }) => {
  if (isRoot) needsStranger(skip)
  needs(skip, 'unshare', 'python3')
  await using open = isRoot ? new Nexus({ as: STRANGER }) : new Nexus()
  const own = isRoot ? STRANGER : {}
  spawnSync('sh', ['-c', `mkdir -m 700 ${open.base}/state; mkdir ${open.project}/folder; echo x > ${open.project}/folder/x; echo 'sandbox: { nested: true }' > ${open.base}/state/config.yaml`], own)
  const run = await open.run('--discard', `unshare -Ur python3 -c "
import os
os.rename('folder', 'one'); print('renamed')
os.mkdir('root'); os.mkdir('root/one'); os.chroot('root')
try: os.rename('/one', '/two'); print('its own')
except OSError as e: print(e)
" && ls . root`)
  expect({ stdout: run.stdout, stderr: run.stderr }).toEqual({ stdout: 'renamed\nits own\n.:\none\nroot\n\nroot:\ntwo\n', stderr: '' })
})
