/** What programs do with files: one program, run outside and inside, says the same. Every difference is named here. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE_PROGRAM } from './file-program.ts'
import { Ground, type Rung } from './ground.ts'

const PYTHON = '/usr/bin/python3'

/** Of overlayfs: docs/file-system.md tells of each. */
const OF_OVERLAYS = ['a map made before the first write', 'writing to one of two hard links']
/** Without the rights of root it cannot find a file's old number again. */
const OF_A_USERS_OVERLAY = [...OF_OVERLAYS, 'a link to a file from before', 'a link to a link']

export function files(rung: Rung): void {
  test('a program that does everything with files says inside what it says outside', async ({ skip }) => {
    if (!existsSync(PYTHON)) skip('needs python3: apt-get install python3')
    await using ground = new Ground(rung)
    const outside = join(ground.folder, 'outside')
    mkdirSync(outside)
    for (const folder of [outside, ground.project]) say(folder, 'prepare')
    const wanted = answers(say(outside, 'probe'))
    // Deeper than a path may be long: Node cannot remove that.
    spawnSync('rm', ['-rf', outside])
    const { stdout, stderr } = await ground.run([PYTHON, '-c', FILE_PROGRAM, 'probe'])
    const found = answers(stdout)
    const others = [...wanted].filter(([name, answer]) => found.get(name) !== answer).map(([name, answer]) => `${name}: ${found.get(name)}, outside ${answer}`)
    const known = rung.backend === 'copy' ? [] : rung.xattrs === 'user' ? OF_A_USERS_OVERLAY : OF_OVERLAYS
    expect(stderr).toBe('')
    expect(wanted.size).toBeGreaterThan(50)
    expect(others.filter((line) => !known.includes(line.split(':')[0] ?? ''))).toEqual([])
    expect(known.filter((name) => found.get(name) === wanted.get(name))).toEqual([])
  })

  test('the shell reads and writes descriptors by name, and substitutes processes', async ({ skip }) => {
    if (!existsSync('/bin/bash')) skip('needs bash: apt-get install bash')
    await using ground = new Ground(rung)
    const line = 'cat <(echo substituted); echo in | cat /dev/stdin; exec 5<kept.txt; head -c 3 /dev/fd/5; echo; diff <(echo a) <(echo a) && echo same; cat <<<here; tee >(cat >teed; echo done) <kept.txt >/dev/null; sleep 0.1; cat teed'
    expect((await ground.run(['/bin/bash', '-c', line])).stdout).toBe('substituted\nin\nkep\nsame\nhere\ndone\nkept\n')
    rmSync(join(ground.project, 'teed'), { force: true })
  })
}

function say(cwd: string, word: 'prepare' | 'probe'): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', FILE_PROGRAM, word], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

function answers(text: string): Map<string, string> {
  return new Map(text.split('\n').filter(Boolean).map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]))
}
