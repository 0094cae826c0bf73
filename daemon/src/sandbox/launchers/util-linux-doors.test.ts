/** The doors of the util-linux launcher when something goes wrong with them: never open, never silently without. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually, FERRY, Ground, processesWith, SYSTEM_PATH } from '../contract/ground.ts'
import { findProgram } from '../programs.ts'
import { openDoors } from './util-linux-doors.ts'
import { utilLinuxLauncher } from './util-linux.ts'

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-doors-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(({ skip }) => {
  const absence = utilLinuxLauncher(SYSTEM_PATH, FERRY).absence()
  if (absence) skip(`needs what is missing: ${absence.fix}`)
})

const ground = (ferry: string) => new Ground({ launcher: utilLinuxLauncher(SYSTEM_PATH, ferry), backend: 'overlay', xattrs: process.geteuid?.() === 0 ? 'trusted' : 'user' })
const nobody = () => {}

/** A ferry of another mind. */
function ferryThat(name: string, program: string): string {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, program)
  return path
}

test.each([
  ['is not there', () => join(folder, 'nowhere.mjs'), [41_080], /./],
  ['ends without a word', () => ferryThat('quitter', ''), [41_080], /the ferry ended with 0/],
  ['cannot make them', () => FERRY, [41_080, 41_080], /EADDRINUSE/],
] as const)('a ferry that %s: the run fails and says so, and the command has not run', async (_, ferry, ports, cause) => {
  await using own = ground(ferry())
  const { end, layer } = await own.run(': > ran', { doors: { ports, attend: nobody }, mayFail: true })
  expect(end).toMatchObject({ type: 'failed', step: 'doors', cause: expect.stringMatching(cause) })
  expect(existsSync(join(layer.upper, 'ran'))).toBe(false)
})

test('a run that is killed, or whose time is over, while its doors are made ends at once, and so does their maker', async () => {
  const silent = ferryThat('silent', 'setInterval(() => {}, 1000)')
  await using own = ground(silent)
  const launch = own.launch(await own.layer(), ': > ran', { doors: { ports: [41_080], attend: nobody } })
  expect(await eventually(() => processesWith(silent).length > 0, 20_000)).toBe(true)
  launch.kill()
  expect([(await launch.ended).type, processesWith(silent)]).toEqual(['killed', []])
  const { end, layer } = await own.run(': > ran', { doors: { ports: [41_080], attend: nobody }, timeoutMs: 1500 })
  expect([end.type, existsSync(join(layer.upper, 'ran')), processesWith(silent)]).toEqual(['timed-out', false, []])
})

test('when the ferry is killed its doors are shut: nothing is reached, and the run goes on', async () => {
  await using own = ground(FERRY)
  const launch = own.launch(await own.layer(), ['/usr/bin/env', 'python3', '-c', `
import socket, sys, time
socket.create_connection(('127.0.0.1', 41080)); print('open', flush=True)
sys.stdin.readline()
for address in ('127.0.0.1', '::1'):
    try: socket.create_connection((address, 41080)); print('still open')
    except ConnectionRefusedError: print('shut')
`], { doors: { ports: [41_080], attend: nobody }, stdin: true })
  const opened = Promise.withResolvers<void>()
  const said: string[] = []
  launch.onOutput((_, chunk) => {
    said.push(chunk.toString())
    opened.resolve()
  })
  await opened.promise
  const isOurs = (pid: number) => parentOf(pid) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${FERRY}\0outside`)
  const ferries = processesWith(FERRY).filter(isOurs)
  expect(ferries).toHaveLength(1)
  process.kill(ferries[0] ?? 0, 'SIGKILL')
  // Its words are gone before its sockets are closed: the whole process has to be.
  expect(await eventually(() => ferries.every((pid) => !existsSync(`/proc/${pid}`)), 5000)).toBe(true)
  await launch.write(Buffer.from('\n'))
  const end = await launch.ended
  expect([end.type, said.join('')]).toEqual(['exited', 'open\nshut\nshut\n'])
})

test('a door may be one of the low ports, also for a user', async () => {
  await using own = ground(FERRY)
  const { stdout } = await own.run(['/usr/bin/env', 'python3', '-c', "import socket; [socket.create_connection((at, 80)) for at in ('127.0.0.1', '::1')]; print('open')"], { doors: { ports: [80], attend: nobody } })
  expect(stdout).toBe('open\n')
})

test('a process in our own network gets no doors: everybody could go through them', async () => {
  const doors = openDoors(process.pid, { ferry: FERRY, setpriv: findProgram('setpriv', SYSTEM_PATH) ?? '', nsenter: findProgram('nsenter', SYSTEM_PATH) ?? '', hasOwnUsers: false, doors: { ports: [41_080], attend: nobody } })
  expect(await doors.stand).toBe('the sandbox has no net namespace of its own')
  await doors.close()
})

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return 0 // it has just ended
  }
}
