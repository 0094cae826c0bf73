import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Masks } from './masks.ts'

let root: string
let now: number
let masks: Masks
const at = (...names: string[]) => join(root, ...names)
const put = (path: string, mode: number) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, 'x')
  chmodSync(path, mode)
}
/** Only what is below our own root: the kernel also names the sockets of this machine. */
const found = (kept: string[] = []) => masks.paths(kept).filter((path) => path.startsWith(root)).map((path) => path.slice(root.length)).sort()

beforeEach(() => {
  root = realpathSync(mkdtempSync('/var/tmp/nexus-masks-'))
  now = 1_000_000
  masks = new Masks({ now: () => now }, root)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('what is not for everybody is found where services keep it, links are not followed', async () => {
  put(at('etc/open.conf'), 0o644)
  put(at('etc/app/shut.key'), 0o600)
  put(at('var/lib/app/data/file'), 0o644)
  chmodSync(at('var/lib/app'), 0o750)
  put(at('home/ann/file'), 0o600)
  symlinkSync(at('home'), at('var/link'))
  await masks.ready()
  expect(found()).toEqual(['/etc/app/shut.key', '/var/lib/app'])
})

test('what lies deep is found after what lies near', async () => {
  put(at('var/one/two/three/four/five/six/seven/eight/shut.key'), 0o600)
  put(at('srv/near.key'), 0o600)
  await masks.ready()
  expect(found()).toEqual([...(process.geteuid?.() === 0 ? ['/srv/near.key'] : []), '/var/one/two/three/four/five/six/seven/eight/shut.key'])
})

test("root, who may read everything, sees nothing that is shut in / and in folders of people's own making; others may work there", async () => {
  put(at('shut.key'), 0o600)
  put(at('data/shut.key'), 0o600)
  put(at('data/open.txt'), 0o644)
  put(at('backup/file'), 0o644)
  chmodSync(at('backup'), 0o700)
  put(at('usr/share/shut.key'), 0o600)
  await masks.ready()
  expect(found()).toEqual(process.geteuid?.() === 0 ? ['/backup', '/data/shut.key', '/shut.key'] : [])
})

test('what a run needs stays visible, with what lies around it', async () => {
  put(at('opt/tool/bin/tool'), 0o700)
  put(at('etc/app/shut.key'), 0o600)
  put(at('var/shut/project/file'), 0o600)
  chmodSync(at('var/shut'), 0o700)
  await masks.ready()
  expect(found([at('opt/tool'), at('var/shut/project')])).toEqual(['/etc/app/shut.key'])
})

test('sockets are found without a search, wherever they are, and in folders of services', async () => {
  mkdirSync(at('elsewhere/deep'), { recursive: true })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(at('elsewhere/deep/s.sock'), resolve))
  try {
    expect(found()).toEqual(['/elsewhere/deep/s.sock'])
  } finally {
    server.close()
  }
})

test('a socket has one place in the list, whatever words it was opened with, and what is shut comes before all of them', async () => {
  put(at('etc/app/shut.key'), 0o600)
  const servers = ['/s', '//s', '/./s', '/.//s'].map((words) => {
    rmSync(at('s'), { force: true })
    return createServer().listen(`${root}${words}`)
  })
  await Promise.all(servers.map((server) => server.listening || once(server, 'listening')))
  try {
    await masks.ready()
    expect(masks.paths([]).filter((path) => path.startsWith(root))).toEqual([at('etc/app/shut.key'), at('s')])
    expect(masks.paths([])[0]).toBe(at('etc/app/shut.key'))
  } finally {
    for (const server of servers) server.close()
  }
})

test('what others may fill is looked at when all else is done', async ({ skip }) => {
  if (process.geteuid?.() !== 0) skip('needs root: a file of somebody else')
  for (let number = 0; number < 30; number += 1) put(at(`var/spool/theirs-${number}.key`), 0o600)
  chmodSync(at('var/spool'), 0o1777)
  put(at('var/ann/deep/shut.key'), 0o600)
  chownSync(at('var/ann'), 1500, 1500)
  put(at('var/lib/app/deep/shut.key'), 0o600)
  await masks.ready()
  expect(masks.paths([]).filter((path) => path.startsWith(root))[0]).toBe(at('var/lib/app/deep/shut.key'))
})

test('homes of people that lie elsewhere are hidden, those of services are not', async () => {
  put(at('etc/passwd'), 0o644)
  writeFileSync(at('etc/passwd'), 'ann:x:1000:1000::/data/ann:/bin/sh\nweb:x:33:33::/data/web:/bin/sh\nnobody:x:65534:65534::/data/none:/bin/sh\nbob:x:1001:1001::/bob:/bin/sh\n')
  for (const home of ['data/ann', 'data/web', 'data/none', 'bob']) mkdirSync(at(home), { recursive: true })
  await masks.ready()
  expect(found()).toEqual(['/data/ann'])
})

test('what appears is seen a minute later, and at once when nothing recent is known', async () => {
  await masks.ready()
  put(at('etc/new.key'), 0o600)
  await masks.ready()
  expect(found()).toEqual([])
  now += 700_000
  await masks.ready()
  expect(found()).toEqual(['/etc/new.key'])
})
