/** The room through its door. What a command can and cannot do inside is the contract suite's (launch.test.ts). */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Probe } from '@nexus/protocol/system'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { FERRY, fingerprint, gather, nativeProgram, removePrograms, SYSTEM_PATH } from './contract/ground.ts'
import { discardLayer } from './discard.ts'
import { OwnerSearch } from './owners.ts'
import { createSandbox, type Choice, type Sandbox } from './sandbox.ts'

const native = nativeProgram() ?? null
let folder: string
let project: string
let home: string
let sandbox: Sandbox

beforeEach(() => {
  folder = realpathSync(mkdtempSync('/var/tmp/nexus-sandbox-'))
  project = join(folder, 'project')
  home = join(folder, 'home')
  for (const path of [project, home]) mkdirSync(path)
  writeFileSync(join(project, 'file'), 'text\n')
  sandbox = open()
})
afterAll(removePrograms)
afterEach(() => discardLayer(folder, dirname(folder), SYSTEM_PATH))

function open(nativePath: string | null = native, path = SYSTEM_PATH): Sandbox {
  return createSandbox({ state: join(folder, 'state'), nativePath, ferry: FERRY, userHome: home, path, hidden: [join(folder, 'config')], clock: systemClock })
}

function needsNative(skip: (note: string) => void): void {
  if (native === null) skip('needs gcc: apt-get install gcc libc6-dev')
}

async function run(choice: Choice, command: string, parents: readonly string[] = []) {
  const layer = await sandbox.open(`r${process.hrtime.bigint()}`, project, choice, parents)
  const launch = sandbox.launch(layer, choice, { argv: ['/bin/sh', '-c', command], cwd: project, env: { PATH: SYSTEM_PATH, HOME: home }, umask: 0o022, net: 'off', stdin: false })
  return { layer, ...await gather(launch) }
}

test('the best that works is chosen by itself, and says how strong it is', async () => {
  const probes = await sandbox.probe()
  expect(probes.map(({ backend, launcher }) => `${backend} ${launcher}`)).toEqual(['overlay native', 'overlay util-linux', 'copy native', 'copy util-linux'])
  const best = probes.find(({ works }) => works)
  const choice = await sandbox.choose('auto', project)
  expect(choice).toEqual({ backend: best?.backend, launcher: best?.launcher, strength: best?.strength, walls: best?.walls })
  expect(await sandbox.probe()).toEqual(probes)
  expect((await sandbox.probe(true)).map(({ tookMs }) => tookMs)).not.toEqual(probes.map(({ tookMs }) => tookMs))
})

test('with the native launcher every required wall is up', async ({ skip }) => {
  needsNative(skip)
  const choice = await sandbox.choose('auto', project)
  expect([choice.launcher, choice.backend, choice.strength]).toEqual(['native', 'overlay', 'full'])
  expect(choice.walls.filter(({ required, up }) => required && !up)).toEqual([])
  expect(choice.walls.filter(({ required }) => !required).map(({ name }) => name)).toEqual(['landlock', 'abstract-sockets', 'cgroup', 'folder-renames'])
  for (const wall of choice.walls) expect(wall).toEqual({ name: wall.name, required: wall.required, up: wall.up, ...(wall.up ? {} : { cause: expect.stringMatching(/./), fix: expect.stringMatching(/./) }) })
})

test('without a compiler the run is reduced, and the missing walls are named', async () => {
  sandbox = open(join(folder, 'not-built'))
  const choice = await sandbox.choose('auto', project)
  expect([choice.launcher, choice.strength]).toEqual(['util-linux', 'reduced'])
  expect(choice.walls.filter(({ required, up }) => required && !up).map(({ name }) => name)).toContain('private-keyring')
  const probe = (await sandbox.probe()).find(({ launcher }) => launcher === 'native')
  expect(probe).toMatchObject({ works: false, cause: expect.stringContaining('not built'), fix: expect.stringContaining('apt-get install gcc') })
  expect((await run(choice, 'cat file')).stdout).toBe('text\n')
})

test('with nothing that works, nothing runs, and the fix is named', async () => {
  const broken = join(folder, 'broken')
  writeFileSync(broken, '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  await expect(open(broken).choose('auto', project)).resolves.toMatchObject({ launcher: 'util-linux' })
  const nowhere = createSandbox({ state: join(folder, 'state'), nativePath: broken, ferry: FERRY, userHome: home, path: `${folder}:${SYSTEM_PATH}`, hidden: [], clock: systemClock })
  for (const name of ['unshare', 'mount', 'umount', 'pivot_root', 'setpriv', 'env', 'sh', 'bash']) writeFileSync(join(folder, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  await expect(nowhere.choose('auto', project)).rejects.toMatchObject({ code: 'sandbox-unavailable', next: expect.stringMatching(/\w/) })
})

/** Probes in a user namespace of its own, where one more thing has been forbidden first: as the root of a container, or as somebody without rights. */
function probeAfter(forbidding: string, who: 'root' | 'user'): Probe[] {
  const program = fileURLToPath(new URL('./contract/probe-here.ts', import.meta.url))
  const drop = who === 'root' ? '' : 'setpriv --inh-caps -all --ambient-caps -all --bounding-set -all'
  const map = who === 'root' ? ['--map-root-user'] : ['--map-current-user', '--keep-caps']
  const words = ['--user', ...map, '--mount', 'sh', '-c', `${forbidding} && exec ${drop} "$@"`, 'sh', process.execPath, program, join(folder, 'state'), home, native ?? '']
  return JSON.parse(execFileSync('unshare', words, { encoding: 'utf8' }))
}

test.for(['root', 'user'] as const)('a machine that forbids user namespaces to %s is told so, with the fix', (who, { skip }) => {
  needsNative(skip)
  expect(probeAfter('echo 0 > /proc/sys/user/max_user_namespaces', who).find(({ launcher }) => launcher === 'native'))
    .toMatchObject({ works: false, cause: expect.stringContaining('the limit of user namespaces is 0'), fix: 'sudo sysctl -w user.max_user_namespaces=15000' })
})

test('a container that covers /proc is told so, with the fix', ({ skip }) => {
  needsNative(skip)
  // Root without capabilities may not even map itself; .ci/run repeats this suite as a user.
  if (process.geteuid?.() === 0) skip('needs a user who is not root: .ci/run repeats it as one')
  const probes = probeAfter('mount -t tmpfs x /proc/sys', 'user')
  expect(probes.filter(({ works }) => works)).toEqual([])
  expect(probes.find(({ launcher }) => launcher === 'native')).toMatchObject({ cause: expect.stringContaining('covers parts of /proc'), fix: expect.stringContaining('systempaths=unconfined') })
})

test('inside something that listens to system calls already, renames of folders are told as absent, and the rest stands', async ({ skip }) => {
  needsNative(skip)
  if (!existsSync('/usr/bin/python3')) skip('needs python3: apt-get install python3')
  const listens = `import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000), 8)
libc.prctl(38, 1, 0, 0, 0)
listener = libc.syscall({'x86_64': 317, 'aarch64': 277}[os.uname().machine], 1, 8, struct.pack('HxxxxxxQ', 1, ctypes.addressof(code)))
os.set_inheritable(listener, True); os.execv(sys.argv[1], sys.argv[1:])
`
  const program = fileURLToPath(new URL('./contract/probe-here.ts', import.meta.url))
  const probes: Probe[] = JSON.parse(execFileSync('unshare', ['--user', '--map-current-user', '--mount', '/usr/bin/python3', '-c', listens, process.execPath, program, join(folder, 'state'), home, native ?? ''], { encoding: 'utf8' }))
  const best = probes.find(({ launcher, backend }) => launcher === 'native' && backend === 'overlay')
  expect(best).toMatchObject({ works: true, strength: 'full' })
  expect(best?.walls.find(({ name }) => name === 'folder-renames')).toEqual({ name: 'folder-renames', up: false, required: false, cause: expect.stringContaining('another Nexus'), fix: 'run Nexus outside of it' })
})

test('root of a container has the whole sandbox, with marks a user may write', async ({ skip }) => {
  needsNative(skip)
  expect(probeAfter('true', 'root')).toMatchObject([{ works: true, strength: 'full' }, { works: true, strength: 'reduced' }, { works: true, strength: 'weak' }, { works: true, strength: 'weak' }])
})

test('a copy is weak, holds the whole project, and is what the command sees', async () => {
  symlinkSync('file', join(project, 'link'))
  writeFileSync(join(project, 'hole'), '')
  truncateSync(join(project, 'hole'), 50_000_000)
  utimesSync(join(project, 'file'), 1, 2)
  const choice = await sandbox.choose('copy', project)
  expect(choice.strength).toBe('weak')
  const before = fingerprint(project)
  const { layer, stdout } = await run(choice, 'cat link; echo more >> file; rm link')
  expect([stdout, readdirSync(layer.upper).sort()]).toEqual(['text\n', ['file', 'hole']])
  expect(statSync(join(layer.upper, 'hole')).blocks).toBe(0)
  expect(fingerprint(project)).toEqual(before)
  const child = await run(choice, 'cat file; ls', [layer.upper])
  expect(child.stdout).toBe('text\nmore\nfile\nhole\n')
})

test('a copy that is given up leaves nothing', async () => {
  writeFileSync(join(project, 'large'), Buffer.alloc(200_000_000, 1))
  const choice = await sandbox.choose('copy', project)
  const abort = new AbortController()
  const opening = sandbox.open('rcopied', project, choice, [], abort.signal)
  setTimeout(() => abort.abort(new Error('given up')), 20)
  await expect(opening).rejects.toThrow('given up')
  expect(existsSync(join(folder, 'state/layers/rcopied'))).toBe(false)
})

test('a copy that cannot be faithful is a problem, not a surprise', async () => {
  if (process.geteuid?.() === 0) return // root reads everything
  writeFileSync(join(project, 'closed'), 'x', { mode: 0o000 })
  await expect(sandbox.open('rclosed', project, await sandbox.choose('copy', project), [])).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('closed') })
  expect(existsSync(join(folder, 'state/layers/rclosed'))).toBe(false)
})

test('files of others are found, and where they are; not those of another file system that is mounted there', async () => {
  mkdirSync(join(project, 'deep/er'), { recursive: true })
  writeFileSync(join(project, 'deep/er/theirs'), '')
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const search = new OwnerSearch(project, own)
  expect([await search.first(), search.isDone]).toEqual([undefined, true])
  const others = { ...own, gid: own.gid + 1 }
  expect(await new OwnerSearch(project, others).first()).toBe(join(project, 'deep'))
  expect(await new OwnerSearch(project, others, [join(project, 'deep')]).first()).toBe(join(project, 'file'))
  expect(await new OwnerSearch('/usr/bin', { uid: 4242, gid: 4242 }).first()).toMatch(/^\/usr\/bin\/./)
})

test('what is left outside is told, biggest first, without what Nexus put there', async () => {
  const { layer } = await run(await sandbox.choose('auto', project), 'echo 123 > ~/small; head -c 9000 /dev/zero > /tmp/big; mkdir ~/empty /tmp/empty; ln -s x /var/tmp/link; mkfifo /tmp/fifo; mkdir ~/shut && echo x > ~/shut/x && chmod 000 ~/shut; echo cached > ~/.npm/cached; for at in /tmp ~; do mkdir $at/node-compile-cache; echo x > $at/node-compile-cache/x; done')
  const shut = process.geteuid?.() === 0 ? [{ path: `${home}/shut/x`, size: 2 }] : []
  const told = await sandbox.outside(layer)
  expect(told.slice(0, 2)).toEqual([{ path: '/tmp/big', size: 9000 }, { path: `${home}/small`, size: 4 }])
  // Of one size in any order; a cache's name at another place is told.
  expect(told.slice(2)).toHaveLength(shut.length + 2)
  expect(told.slice(2)).toEqual(expect.arrayContaining([...shut, { path: `${home}/node-compile-cache/x`, size: 2 }, { path: '/var/tmp/link', size: 1 }]))
})

test('discard removes everything a command can leave, and nothing else', async () => {
  const { layer } = await run(await sandbox.choose('auto', project), `
    mkdir -p shut/in && echo x > shut/in/x && chmod 000 shut/in && chmod 555 shut
    d=deep; for i in $(seq 1 60); do mkdir -p /tmp/deep && d=$d/$(printf %0100d $i); done
    cd /tmp && for i in $(seq 1 60); do mkdir $(printf %0100d 1) && cd $(printf %0100d 1); done; touch end
    touch ~/-rf "$(printf '/tmp/new\\nline')"`)
  expect(existsSync(layer.folder)).toBe(true)
  await sandbox.discard(layer.folder)
  expect([existsSync(layer.folder), readFileSync(join(project, 'file'), 'utf8')]).toEqual([false, 'text\n'])
  await sandbox.discard(layer.folder)
  for (const wrong of [join(folder, 'state/layers'), join(folder, 'state/layers/../../project'), project, '/', '']) await expect(sandbox.discard(wrong)).rejects.toThrow('not a layer')
  expect(existsSync(join(project, 'file'))).toBe(true)
})

test('layers are the user\'s alone', async () => {
  const { layer } = await run(await sandbox.choose('auto', project), 'true')
  expect([layer.folder, join(layer.folder, '..'), join(layer.folder, 'home')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o700])
})

test('a layer whose project has gone ends with a step, not with an exception', async () => {
  const choice = await sandbox.choose('auto', project)
  const layer = await sandbox.open('rgone', project, choice, [])
  rmSync(project, { recursive: true })
  expect(await sandbox.launch(layer, choice, { argv: ['true'], cwd: project, env: {}, umask: 0, net: 'off', stdin: false }).ended).toMatchObject({ type: 'failed' })
})

test('a project folder that may not be read is still a layer', async () => {
  chmodSync(project, 0o711)
  expect((await run(await sandbox.choose('auto', project), 'stat -c %a .')).stdout).toBe('711\n')
})
