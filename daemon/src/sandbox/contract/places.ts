/** Where the project may lie, what a layer holds, and what of the home is shown. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leftOutside } from '../outside.ts'
import { Ground, SYSTEM_PATH, type Rung } from './ground.ts'

const CHANGES = 'echo new > added.txt; echo more >> kept.txt; rm gone.txt; mkdir -p deep/er; ln -s nowhere deep/link; chmod 600 src/main.c'
const LIST = 'find . | sort; cat kept.txt added.txt'
const AFTER = '.\n./added.txt\n./deep\n./deep/er\n./deep/link\n./kept.txt\n./src\n./src/main.c\nkept\nmore\nnew\n'

export function places(rung: Rung): void {
  const { backend } = rung
  const isRoot = process.geteuid?.() === 0

  test('what is written lands in the layer, and the host stays as it was', async () => {
    await using ground = new Ground(rung)
    const before = ground.fingerprint()
    const { stdout, stderr, layer } = await ground.run(`${CHANGES}; ${LIST}`)
    expect([stdout, stderr]).toEqual([AFTER, ''])
    expect(ground.fingerprint()).toEqual(before)
    expect(readFileSync(join(layer.upper, 'kept.txt'), 'utf8')).toBe('kept\nmore\n')
    expect(statSync(join(layer.upper, 'src/main.c')).mode & 0o777).toBe(0o600)
    const gone = lstatSync(join(layer.upper, 'gone.txt'), { throwIfNoEntry: false })
    if (backend === 'copy') expect(gone).toBeUndefined()
    else expect([gone?.isCharacterDevice(), gone?.rdev]).toEqual([true, 0])
  })

  test.each([
    ['in the home', (ground: Ground) => join(ground.home, 'work/project')],
    ['below /tmp', () => `/tmp/nexus-contract-${process.pid}/project`],
    ['below /var/tmp', () => `/var/tmp/nexus-contract-${process.pid}/project`],
    ['below /dev/shm', () => `/dev/shm/nexus-contract-${process.pid}/project`],
    ...(isRoot ? [['below /srv', () => `/srv/nexus-contract-${process.pid}/project`], ['below /run', () => `/run/nexus-contract-${process.pid}/project`]] as const : []),
  ] as [string, (ground: Ground) => string][])('a project %s works and leaves no litter', async (_, place) => {
    await using ground = new Ground(rung)
    const moved = place(ground)
    mkdirSync(join(moved, '..'), { recursive: true })
    spawnSync('mv', [ground.project, moved])
    try {
      Object.assign(ground, { project: moved })
      const before = ground.fingerprint(moved)
      const { stdout, stderr, layer } = await ground.run(`pwd; ${CHANGES}; ${LIST}`)
      expect([stdout, stderr]).toEqual([`${moved}\n${AFTER}`, ''])
      expect(ground.fingerprint(moved)).toEqual(before)
      const left = await leftOutside(['home', 'tmp', 'vartmp'].map((name) => ({ folder: join(layer.folder, name), insidePath: `/${name}` })), ground.home)
      expect(left).toEqual([])
    } finally {
      rmSync(join(moved, '..'), { recursive: true, force: true })
    }
  })

  test.each(['a b', 'comma,colon:equals=', String.raw`back\slash`, 'line\nbreak', 'tab\tand #hash', `quote'"$(x)`, 'ünï→😀', '-dash', 'x'.repeat(200)])('a project called %j works', async (name) => {
    await using ground = new Ground(rung, { project: `odd/${name}`, state: `state of ${name.slice(0, 20)}` })
    const { stdout, stderr, layer } = await ground.run(`${CHANGES}; ${LIST}`)
    expect([stdout, stderr]).toEqual([AFTER, ''])
    expect(existsSync(join(layer.upper, 'added.txt'))).toBe(true)
  })

  test('a state folder inside the project is empty there, and no obstacle', async () => {
    await using ground = new Ground(rung, { state: 'project/.state/nexus' })
    writeFileSync(join(ground.state, 'database'), 'secret')
    const { stdout, layer } = await ground.run(`find .state -type f; ${CHANGES}; cat kept.txt added.txt; ls`)
    expect(stdout).toBe('kept\nmore\nnew\nadded.txt\ndeep\nkept.txt\nsrc\n')
    expect(readdirSync(layer.upper).sort()).toEqual(backend === 'copy' ? ['.state', 'added.txt', 'deep', 'kept.txt', 'src'] : ['added.txt', 'deep', 'gone.txt', 'kept.txt', 'src'])
    expect((await ground.run('cat kept.txt src/main.c; ls .state/*', { layer: await ground.layer([layer.upper]) })).stdout).toContain('kept\nmore\nint main')
  })

  test('the project folder itself looks as it does outside', async () => {
    await using ground = new Ground(rung)
    chmodSync(ground.project, 0o750)
    utimesSync(ground.project, 1_600_000_000, 1_500_000_000)
    const { stdout } = await ground.run('stat -c "%a %u %Y" .')
    const { uid } = statSync(ground.project)
    expect(stdout).toBe(`750 ${uid} 1500000000\n`)
  })

  test('a layer can be entered again', async () => {
    await using ground = new Ground(rung)
    const { layer } = await ground.run(CHANGES)
    const again = await ground.run(`${LIST}; echo again > added.txt`, { layer })
    expect([again.stdout, again.stderr]).toEqual([AFTER, ''])
    expect((await ground.run('cat added.txt', { layer })).stdout).toBe('again\n')
  })

  test('fifty layers stack, homes included', async () => {
    await using ground = new Ground(rung)
    const parents: string[] = []
    const depth = backend === 'copy' ? 3 : 50
    for (let level = 0; level < depth; level++) {
      const layer = await ground.layer(parents)
      // Fifty launches would only repeat themselves: the layers in the middle are filled by hand.
      if (level === 0 || level === depth - 1) await ground.run(`echo ${level} > level${level}; echo ${level} > ~/level${level}; ${level === 0 ? 'rm gone.txt; rm -r src; mkdir src' : ''}`, { layer })
      else writeFileSync(join(layer.upper, `level${level}`), `${level}\n`)
      parents.unshift(layer.upper)
    }
    const { stdout, stderr } = await ground.run('ls | grep -c level; ls src; ls gone.txt 2>/dev/null; cat level0 ~/level0 ~/level*', { layer: await ground.layer(parents) })
    expect([stdout, stderr]).toEqual([`${depth}\n0\n0\n0\n${depth - 1}\n`, ''])
  }, 120_000)

  test('toolchains of the home are shown read-only, secrets beside them are not', async () => {
    await using ground = new Ground(rung)
    const bin = join(ground.home, '.cargo/bin')
    const own = join(ground.home, 'tools/bin')
    for (const [folder, name] of [[bin, 'rusty'], [own, 'mine']] as const) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, name), '#!/bin/sh\necho runs\n', { mode: 0o755 })
    }
    writeFileSync(join(ground.home, '.cargo/credentials.toml'), 'token')
    writeFileSync(join(ground.home, 'tools/secret'), 'secret')
    const env = { PATH: `${bin}:${own}:${ground.home}:/nowhere:${SYSTEM_PATH}`, HOME: ground.home }
    const { stdout, layer } = await ground.run(`rusty; mine; cat ~/.cargo/credentials.toml ~/tools/secret 2>/dev/null; ( : > ${bin}/x ) 2>/dev/null && echo written; echo own > ~/.cargo/config.toml && cat ~/.cargo/config.toml`, { env })
    expect(stdout).toBe('runs\nruns\nown\n')
    expect(readdirSync(bin)).toEqual(['rusty'])
    expect(await leftOutside([{ folder: join(layer.folder, 'home'), insidePath: ground.home }], ground.home)).toEqual([{ path: `${ground.home}/.cargo/config.toml`, size: 4 }])
  })

  test('package caches outlive a run, belong to one project, and are nobody\'s business', async () => {
    await using ground = new Ground(rung)
    const first = await ground.run('mkdir -p ~/.npm/_cacache ~/.cache/pip && echo tarball > ~/.npm/_cacache/x && echo wheel > ~/.cache/pip/y')
    expect((await ground.run('cat ~/.npm/_cacache/x ~/.cache/pip/y')).stdout).toBe('tarball\nwheel\n')
    expect(await leftOutside([{ folder: join(first.layer.folder, 'home'), insidePath: '~' }], ground.home)).toEqual([])
    await using other = new Ground(rung)
    expect((await other.run('ls ~/.npm')).stdout).toBe('')
  })

  test('git knows the person and nothing else of their settings', async () => {
    await using ground = new Ground(rung)
    writeFileSync(join(ground.home, '.gitconfig'), '[user]\n\tname = Ann "the \\"Hand\\"" Example ; comment\n\temail=ann@example.org\n[core]\n\tpager = rm -rf /\n[url "x"]\n\tname = no\n')
    const { stdout, layer } = await ground.run('cat ~/.gitconfig')
    expect(stdout).toBe('[user]\n\tname = "Ann the \\"Hand\\" Example"\n\temail = "ann@example.org"\n')
    expect(await leftOutside([{ folder: join(layer.folder, 'home'), insidePath: '~' }], ground.home)).toEqual([])
  })

  test('links left in a home that is inherited do not lead mounts to the host', async () => {
    await using ground = new Ground(rung)
    const victim = join(ground.folder, 'victim')
    mkdirSync(victim)
    const { layer } = await ground.run('rm -rf ~/.cache; exit 0')
    rmSync(join(layer.folder, 'home/.cache'), { recursive: true, force: true })
    symlinkSync(victim, join(layer.folder, 'home/.cache'))
    const before = ground.fingerprint()
    await ground.run('echo x > ~/.cache/x', { layer: await ground.layer([layer.upper]) })
    expect(ground.fingerprint()).toEqual(before)
  })

  test('what is mounted inside the project is shown read-only: a file system, a folder of elsewhere, a single file', async ({ skip }) => {
    if (!isRoot) return skip('needs root')
    await using ground = new Ground(rung)
    const elsewhere = join(ground.folder, 'elsewhere')
    const points = ['mounted here', 'src', 'gone.txt'].map((name) => join(ground.project, name))
    for (const folder of [elsewhere, points[0] ?? '']) mkdirSync(folder)
    writeFileSync(join(elsewhere, 'inner'), 'elsewhere\n')
    for (const [at, words] of [['-t', 'tmpfs', 'nexus-test'], ['--bind', elsewhere], ['--bind', join(elsewhere, 'inner')]].entries()) expect(spawnSync('mount', [...words, points[at] ?? '']).status).toBe(0)
    try {
      writeFileSync(join(ground.project, 'mounted here/inner'), 'inner\n')
      const { stdout } = await ground.run('cat "mounted here/inner" src/inner gone.txt; for at in "mounted here/x" src/x gone.txt; do ( : > "$at" ) 2>/dev/null && echo "written $at"; rm -f "$at" 2>/dev/null; done; cat gone.txt')
      expect(stdout).toBe('inner\nelsewhere\nelsewhere\nelsewhere\n')
    } finally {
      for (const point of points) spawnSync('umount', ['-l', point])
    }
  })

  test('root may change what belongs to others, in the layer', async ({ skip }) => {
    if (!isRoot) return skip('needs root')
    await using ground = new Ground(rung)
    const file = join(ground.project, 'theirs')
    writeFileSync(file, 'theirs\n')
    spawnSync('chown', ['1234:1235', file])
    const { stdout, layer } = await ground.run('echo more >> theirs && chown 42:43 theirs && stat -c %u:%g theirs')
    expect(stdout).toBe('42:43\n')
    expect([statSync(file).uid, statSync(join(layer.upper, 'theirs')).uid]).toEqual([1234, 42])
  })
}
