/** Files of every kind, through the whole way: inside, reviewed, applied, rolled back. docs/file-system.md is its table. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { showBytes } from '@nexus/protocol/bytes'
import type { ApplyResult, Run } from '@nexus/protocol/runs'
import { needs, needsStranger } from './needs.ts'
import { Nexus, root, STRANGER } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const isRoot = process.getuid?.() === 0
let nexus: Nexus
beforeEach(() => { nexus = new Nexus() })
afterEach(() => nexus[Symbol.asyncDispose]())

const python = (program: string, cwd = nexus.project) => {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}
const host = (line: string) => spawnSync('sh', ['-c', line], { cwd: nexus.project, encoding: 'utf8' })
const told = ({ changes }: Run) => Object.fromEntries(changes.map(({ path, flags }) => [showBytes(path), flags.join(' ')]))

const ACL = `struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in ((1, 6, 2**32 - 1), (2, 7, os.getuid()), (4, 4, 2**32 - 1), (16, 7, 2**32 - 1), (32, 0, 2**32 - 1)))`

const BEFORE = `
import os, struct
def put(path, data=b'text'):
    with open(path, 'wb') as file: file.write(data)
for name in ('noted', 'forgotten', 'listed', 'dated', 'single', 'touched', 'swapped'): put(name)
for name in ('noted', 'forgotten', 'touched'): os.setxattr(name, 'user.note', b'kept')
os.setxattr('listed', 'system.posix_acl_access', ${ACL})
put('sparse', b''); os.truncate('sparse', 30 << 20)
`

const WORK = `
import os, struct
def put(path, data=b'new'):
    with open(path, 'wb') as file: file.write(data)
def at(path, ns): os.utime(path, ns=(ns, ns), follow_symlinks=False)
put('holes', b''); os.truncate('holes', 20 << 20); file = os.open('holes', os.O_WRONLY); os.pwrite(file, b'x', 10 << 20)
open('sparse', 'ab').write(b'end')
put('noted', b'other'); os.removexattr('forgotten', 'user.note'); os.setxattr('dated', 'user.other', b'v'); os.chmod('listed', 0o600); at('touched', 5)
put('marked'); os.setxattr('marked', 'user.empty', b''); os.mkdir('lists'); os.setxattr('lists', 'system.posix_acl_default', ${ACL}); put('lists/heir')
put('old'); at('old', -150000000123456789); put('future'); at('future', 4102444800987654321); os.symlink('old', 'link'); at('link', 123456789)
put('one'); os.link('one', 'two'); os.link('single', 'second')
put('unreadable'); os.chmod('unreadable', 0); put('program'); os.chmod('program', 0o111); put('setuid'); os.chmod('setuid', 0o6755); os.mkdir('sticky'); os.chmod('sticky', 0o3777)
put('n' * 255); put(b'\\xff\\xfe'); os.rename('swapped', 'renamed'); os.remove('renamed'); os.mkdir('renamed')
top = os.open('.', os.O_RDONLY)
for _ in range(25): os.mkdir('d' * 200); os.chdir('d' * 200)
put('end'); os.fchdir(top); os.close(top)
`

/** Everything about each path but its owner, and what the merged view cannot know: the names of a file from before. */
const LOOK = `
import os, hashlib, stat
def look(folder, prefix, names):
    for name in sorted(names):
        path, found = prefix + name, os.lstat(name, dir_fd=folder)
        kind, line = stat.S_IFMT(found.st_mode), [oct(found.st_mode), found.st_mtime_ns]
        if stat.S_ISREG(kind):
            line += [found.st_size, found.st_blocks * 512 < found.st_size / 2, found.st_nlink]
            try: data = os.open(name, os.O_RDONLY, dir_fd=folder); line.append(hashlib.sha256(os.read(data, 1 << 26)).hexdigest()[:9]); os.close(data)
            except OSError: line.append('closed')
        if stat.S_ISLNK(kind): line.append(os.readlink(name, dir_fd=folder))
        elif len(prefix) < 3000: line += [(key, os.getxattr('/proc/self/fd/%d/' % folder + name, key)) for key in sorted(os.listxattr(b'/proc/self/fd/%d/' % folder + os.fsencode(name))) if key.startswith(('user.note', 'user.other', 'user.empty', 'system.'))]
        print(repr(path[-260:]), len(path), line)
        if stat.S_ISDIR(kind) and name != '.git': below = os.open(name, os.O_RDONLY, dir_fd=folder); look(below, path + '/', os.listdir(below)); os.close(below)
look(os.open('.', os.O_RDONLY), '', os.listdir('.'))
`

describe(proves('what a run leaves is what the host has after the apply', 'RUN-3', 'RUN-5'), () => {
  test('holes, attributes, access lists, times, links, modes, odd names and depths; and none of it after the rollback', async ({ skip }) => {
    needs(skip, 'python3', 'gcc')
    python(BEFORE)
    const before = snapshot(nexus.project)
    const run = await nexus.run('--keep', '--', 'python3', '-c', `${WORK}${LOOK}`)
    expect({ exitCode: run.exitCode, stderr: run.stderr, status: run.status }).toEqual({ exitCode: 0, stderr: '', status: 'kept' })
    expect(differences(before, snapshot(nexus.project))).toEqual([])
    expect(told(run)).toMatchObject({ setuid: 'setuid', forgotten: 'xattrs', marked: 'xattrs', lists: 'xattrs', holes: '', sparse: '', unreadable: '', old: '' })
    expect(await nexus.json<ApplyResult>('apply', run.id)).toMatchObject({ code: 0, conflicts: [] })
    // A second name of a file from before becomes a file of its own.
    const alone = (text: string) => text.split('\n').filter((line) => !/^'(single|second)' /.test(line))
    expect(alone(python(LOOK))).toEqual(alone(String(run.stdout)))
    expect(statSync(join(nexus.project, 'second')).nlink).toBe(1)
    // Root reads everything; a user opens what was closed.
    if (!isRoot) {
      expect((await nexus.json<ApplyResult>('rollback', run.id)).conflicts.map(({ path, detail }) => [path, detail?.includes('chmod u+rwx')])).toEqual([['program', true], ['unreadable', true]])
      for (const name of ['unreadable', 'program']) chmodSync(join(nexus.project, name), statSync(join(nexus.project, name)).mode | 0o700)
    }
    expect((await nexus.json<ApplyResult>('rollback', run.id))).toMatchObject({ code: 0, conflicts: [] })
    expect(differences(before, snapshot(nexus.project))).toEqual([])
  })

  test('the rights of a program (setcap) stay behind when it is replaced or moved, and that is flagged; a change of its mode leaves them', async ({ skip }) => {
    needs(skip, 'python3')
    if (!isRoot) skip('needs root: to give a program rights')
    python(`import os\nfor name in ('moved', 'changed'):\n    open(name, 'w').write(name); os.setxattr(name, 'security.capability', bytes.fromhex('0100000200040000000000000000000000000000'))`)
    const run = await nexus.run('--keep', 'mv moved elsewhere; chmod 755 changed')
    expect(told(run)).toEqual({ changed: '', elsewhere: 'xattrs' })
    expect(await nexus.json<ApplyResult>('apply', run.id)).toMatchObject({ code: 0 })
    expect(python(`import os\nprint([[name for name in os.listxattr(path) if name == 'security.capability'] for path in ('elsewhere', 'changed')])`)).toBe("[[], ['security.capability']]\n")
  })
})

describe('what is never applied', () => {
  test(proves('pipes and sockets stay in the layer and are told; the rest need not wait for them', 'RUN-4'), async ({ skip }) => {
    needs(skip, 'python3')
    const run = await nexus.run('--keep', `mkfifo pipe; echo 1 > ordinary; echo 1 > .git/x; python3 -c "import socket; [socket.socket(socket.AF_UNIX).bind(path) for path in ('socket', '.git/ipc')]"`)
    expect(told(run)).toEqual({ '.git/ipc': 'git-internal special', '.git/x': 'git-internal', ordinary: '', pipe: 'special', socket: 'special' })
    expect(await nexus.json('apply', run.id, 'pipe')).toMatchObject({ code: 3, conflicts: [{ path: 'pipe', reason: 'special' }] })
    const applied = await nexus.call('apply', run.id)
    expect({ code: applied.code, stdout: applied.stdout.split('  ')[0] }).toEqual({ code: 0, stdout: '✓ applied 2 paths' })
    expect(applied.stderr.match(/left out: \S+/g)).toEqual(['left out: .git/ipc,', 'left out: pipe,', 'left out: socket,'])
    expect(['pipe', 'socket', '.git/ipc', '.git/x', 'ordinary'].filter((name) => existsSync(join(nexus.project, name)))).toEqual(['.git/x', 'ordinary'])
    const [again, back] = [await nexus.json('apply', run.id), await nexus.json('rollback', run.id)]
    expect([again.code, back.code, existsSync(join(nexus.project, 'ordinary'))]).toEqual([3, 0, false])
  })

  test('gigabytes of nothing are not read, told, and hold up what they come with', async () => {
    const run = await nexus.run('--keep', 'truncate -s 5G huge; echo 1 > ordinary')
    expect(told(run)).toEqual({ huge: 'unreadable', ordinary: '' })
    expect(await nexus.json('apply', run.id)).toMatchObject({ code: 3, conflicts: [{ path: 'huge', reason: 'io', detail: expect.stringContaining('mostly holes') }] })
    expect(await nexus.json('apply', run.id, 'ordinary')).toMatchObject({ code: 0, applied: ['ordinary'] })
  })

  test('pipes and sockets of the host are seen, not opened, and nobody answers', async ({ skip }) => {
    needs(skip, 'python3')
    host('mkfifo pipe')
    const server = createServer((socket) => socket.end('host')).listen(join(nexus.project, 'socket'))
    try {
      const run = await nexus.run('--discard', `stat -c '%F' pipe socket; python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('socket')" 2>&1 | tail -1; touch other`)
      expect(String(run.stdout)).toMatch(/^fifo\nsocket\n(ConnectionRefusedError|PermissionError).*\n$/)
      expect(told(run)).toEqual({ other: '' })
    } finally {
      server.close()
    }
  })
})

/** As whoever runs the tests, or as somebody else where root can be one: root is never locked out. */
function asUser(skip: (note: string) => void): Nexus {
  if (isRoot) needsStranger(skip)
  return isRoot ? new Nexus({ as: STRANGER }) : new Nexus()
}

test('folders that are closed even to their owner are surveyed and applied, and taken back once they are opened', async ({ skip }) => {
  await using own = asUser(skip)
  const run = await own.run('--keep', 'mkdir -p shut deep/er listed; echo in | tee shut/in deep/er/in listed/in; chmod 000 shut; chmod 111 deep/er deep; chmod 444 listed')
  expect(Object.keys(told(run))).toEqual(['deep', 'deep/er', 'deep/er/in', 'listed', 'listed/in', 'shut', 'shut/in'])
  const layer = (path: string) => (statSync(join(own.base, 'state/layers', run.id, 'upper', path)).mode & 0o777).toString(8)
  const modes = () => ['shut', 'deep', 'listed'].map(layer)
  expect([modes(), existsSync(join(own.base, 'state/layers', run.id, 'doors'))]).toEqual([['0', '111', '444'], false])
  expect((await own.call('diff', run.id)).stdout.match(/^\+in$/gm)).toHaveLength(3)
  expect(await own.json<ApplyResult>('apply', run.id)).toMatchObject({ code: 0, conflicts: [] })
  expect(['shut', 'deep', 'listed'].map((path) => (statSync(join(own.project, path)).mode & 0o777).toString(8))).toEqual(['0', '111', '444'])
  expect(modes()).toEqual(['0', '111', '444'])
  if (isRoot) expect(readFileSync(join(own.project, 'deep/er/in'), 'utf8')).toBe('in\n')
  const closed = await own.json<ApplyResult>('rollback', run.id)
  expect({ code: closed.code, detail: closed.conflicts.find(({ path }) => path === 'shut/in')?.detail }).toEqual({ code: 3, detail: expect.stringContaining('chmod u+rwx') })
  for (const path of ['shut', 'deep', 'deep/er', 'listed']) chmodSync(join(own.project, path), statSync(join(own.project, path)).mode | 0o700)
  expect(await own.json<ApplyResult>('rollback', run.id)).toMatchObject({ code: 0, conflicts: [] })
  expect(existsSync(join(own.project, 'shut'))).toBe(false)

  const copied = await own.run('--backend', 'copy', '--keep', 'mkdir -p shut/er; echo in > shut/er/in; chmod 000 shut/er shut')
  expect(Object.keys(told(copied))).toEqual(['shut', 'shut/er', 'shut/er/in'])
  expect(await own.json<ApplyResult>('apply', copied.id)).toMatchObject({ code: 0, conflicts: [] })
  expect((statSync(join(own.project, 'shut')).mode & 0o777).toString(8)).toBe('0')
})

describe('where the project lies', () => {
  test('with other mounts inside: root sees them read-only, a user gets a copy without them and is asked', async ({ skip }) => {
    if (!isRoot) skip('needs root: to mount something')
    needsStranger(skip)
    await using own = new Nexus({ as: STRANGER })
    const [elsewhere, points] = [join(own.base, 'elsewhere'), ['folder', 'file', 'other'].map((name) => join(own.project, name))]
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'in'), 'in\n')
    for (const point of points) if (point.endsWith('file')) writeFileSync(point, 'below\n'); else mkdirSync(point)
    for (const path of [elsewhere, join(elsewhere, 'in'), ...points]) chownSync(path, STRANGER.uid, STRANGER.gid)
    const sources = [['--bind', elsewhere], ['--bind', join(elsewhere, 'in')], ['-t', 'tmpfs', 'nexus-test']]
    for (const [at, words] of sources.entries()) expect(spawnSync('mount', [...words, points[at] ?? '']).status).toBe(0)
    try {
      const line = 'cat folder/in file; for path in folder/x file other/x; do { echo 1 > $path; } 2>/dev/null && echo "wrote $path"; done; rm -rf folder other 2>/dev/null; ls -d folder other; echo 1 > own'
      const seen = { stdout: 'in\nin\nfolder\nother\n', told: { own: '' } }
      const waiting = await own.call('run', line)
      expect({ code: waiting.code, told: /strength: weak — (.*)/.exec(waiting.stderr)?.[1] }).toEqual({ code: 4, told: `the project is copied, not overlaid: something is mounted at ${points[1]}: only root can lay an overlay over a project with mounts inside` })
      const copied = await own.run('--backend', 'copy', '--keep', line)
      expect({ stdout: copied.stdout, told: told(copied) }).toEqual(seen)
      expect(await own.json('apply', copied.id)).toMatchObject({ code: 0 })
      rmSync(join(own.project, 'own'))
      const { run } = JSON.parse((await nexus.start(['run', '--json', '--project', own.project, '--cwd', own.project, line]).ended).stdout) as { run: Run }
      expect({ stdout: run.stdout, strength: run.strength, told: told(run) }).toEqual({ ...seen, strength: 'full' })
      expect(await nexus.json('apply', run.id)).toMatchObject({ code: 0 })
      expect([readFileSync(join(own.project, 'folder/in'), 'utf8'), readFileSync(join(own.project, 'own'), 'utf8')]).toEqual(['in\n', '1\n'])
    } finally {
      for (const point of points) spawnSync('umount', ['-l', point])
    }
  })

  test('on an overlay: it is covered by another one', async ({ skip }) => {
    if (!isRoot) skip('needs root: to mount an overlay')
    const own = (name: string) => { const path = join(nexus.base, name); mkdirSync(path); return path }
    const options = `lowerdir=${own('lower')},upperdir=${own('upper')},workdir=${own('work')}`
    mkdirSync(join(nexus.base, 'lower/.git'))
    writeFileSync(join(nexus.base, 'lower/kept'), 'kept\n')
    expect(spawnSync('mount', ['-t', 'overlay', 'nexus-test', '-o', options, nexus.project]).status).toBe(0)
    try {
      const before = snapshot(nexus.project)
      const run = await nexus.run('--keep', 'cat kept; echo more >> kept; mkdir -p a/b; echo 1 > a/b/c')
      expect({ stdout: run.stdout, backend: run.backend }).toEqual({ stdout: 'kept\n', backend: 'overlay' })
      expect(await nexus.json('apply', run.id)).toMatchObject({ code: 0 })
      expect(readFileSync(join(nexus.project, 'kept'), 'utf8')).toBe('kept\nmore\n')
      expect(await nexus.json('rollback', run.id)).toMatchObject({ code: 0 })
      expect(differences(before, snapshot(nexus.project))).toEqual([])
    } finally {
      spawnSync('umount', ['-l', nexus.project])
    }
  })

  test('on two overlays, one over the other: the kernel stacks no third, so it is copied, which waits for a person', async ({ skip }) => {
    if (!isRoot) skip('needs root: to mount an overlay')
    for (const [name, under] of [['first', 'ground'], ['project', 'first']]) {
      const [lower, upper, work, point] = [under, `${name}-upper`, `${name}-work`, name].map((folder = '') => join(nexus.base, folder))
      for (const folder of [lower, upper, work, point]) mkdirSync(folder ?? '', { recursive: true })
      expect(spawnSync('mount', ['-t', 'overlay', 'nexus-test', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, point ?? '']).status).toBe(0)
    }
    try {
      mkdirSync(join(nexus.project, '.git'))
      const { run } = await nexus.json<{ run: Run }>('run', 'echo 1 > made')
      expect({ backend: run.backend, strength: run.strength, status: run.status }).toEqual({ backend: 'copy', strength: 'weak', status: 'waiting' })
      expect((await nexus.json<{ run: Run }>('approve', run.id)).run.status).toBe('kept')
      expect(await nexus.json('apply', run.id)).toMatchObject({ code: 0 })
      expect(readFileSync(join(nexus.project, 'made'), 'utf8')).toBe('1\n')
    } finally {
      for (const point of ['project', 'first']) spawnSync('umount', ['-l', join(nexus.base, point)])
    }
  })

  test('where a and A are one file: nothing is overwritten unseen', async ({ skip }) => {
    if (!isRoot) skip('needs root: to mount a file system')
    const image = join(nexus.base, 'image')
    const made = host(`truncate -s 32M '${image}' && mkfs.ext4 -q -O casefold -E encoding=utf8 '${image}' && mount -o loop '${image}' '${nexus.project}'`)
    if (made.status !== 0) skip('needs a kernel that folds cases on ext4 (CONFIG_UNICODE)')
    try {
      mkdirSync(join(nexus.project, '.git'))
      host('mkdir folded && chattr +F folded && echo old > folded/name')
      const run = await nexus.run('--backend', 'copy', '--keep', 'rm folded/name; echo 1 > folded/a; echo 2 > folded/A')
      expect([0, 3]).toContain((await nexus.json('apply', run.id)).code)
      expect((await nexus.json('rollback', run.id)).code).not.toBe(125)
    } finally {
      spawnSync('umount', ['-l', nexus.project])
    }
  })

  test('on a file system of a program (FUSE)', async ({ skip }) => {
    needs(skip, 'bindfs')
    const behind = mkdtempSync(join(nexus.base, 'behind-'))
    mkdirSync(join(behind, '.git'))
    writeFileSync(join(behind, 'kept'), 'kept\n')
    rmSync(join(nexus.project, '.git'), { recursive: true })
    const mounted = spawnSync('bindfs', [behind, nexus.project], { encoding: 'utf8' })
    if (mounted.status !== 0) skip(`needs the right to mount FUSE: ${mounted.stderr.trim()}`)
    try {
      const before = snapshot(behind)
      for (const backend of ['overlay', 'copy']) {
        const run = await nexus.run('--backend', backend, '--keep', 'cat kept; echo more >> kept; mkdir -p a/b; echo 1 > a/b/made; ln -s made a/b/link')
        expect({ stdout: run.stdout, stderr: run.stderr, changes: run.changes.map(({ path }) => path) }).toEqual({ stdout: 'kept\n', stderr: '', changes: ['a', 'a/b', 'a/b/link', 'a/b/made', 'kept'] })
        expect(await nexus.json('apply', run.id)).toMatchObject({ code: 0 })
        expect(readFileSync(join(behind, 'a/b/made'), 'utf8')).toBe('1\n')
        expect(await nexus.json('rollback', run.id)).toMatchObject({ code: 0 })
        expect(differences(before, snapshot(behind))).toEqual([])
      }
    } finally {
      spawnSync('umount', ['-l', nexus.project])
    }
  })

  test('under a name that is no UTF-8: refused, and nothing is made', async () => {
    const folder = Buffer.concat([Buffer.from(`${nexus.base}/bad`), Buffer.from([0xff])])
    mkdirSync(folder)
    const started = spawnSync('sh', ['-c', `cd '${nexus.base}'/bad* && exec '${join(root, 'nexus')}' run --json 'echo 1 > made'`], { env: nexus.env, encoding: 'utf8' })
    expect({ code: started.status, error: JSON.parse(started.stdout).error.code }).toEqual({ code: 126, error: 'path-not-text' })
    rmSync(folder, { recursive: true })
  })
})
