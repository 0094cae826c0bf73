/** A run that may reach some hosts: the tools of every day find their way, everything else stays shut, and the record says so. */
import { execFileSync } from 'node:child_process'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSocketServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { needs, needsRegistry, needsStranger } from './needs.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

/** What the machine trusts goes along: it may be behind a company's proxy. */
const TRUSTED = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(SSL_CERT_|NODE_EXTRA_CA|REQUESTS_CA|CURL_CA|GIT_SSL_CA|PIP_CERT)/.test(name))) as Record<string, string>

const WEAKER = { NEXUS_NATIVE: '/nonexistent/nexus-native' }
interface Front {
  readonly who: string
  readonly env: Record<string, string>
  readonly as?: typeof STRANGER
}
const NATIVE: Front = { who: 'by the native launcher', env: {} }
const UTIL_LINUX_AS_USER: Front = { who: 'by util-linux, as a user who is not root', env: WEAKER, as: STRANGER }

let served: Server
let port = 0

beforeAll(async () => {
  served = createServer((request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: 'http://elsewhere.example/' }).end()
    else if (request.url === '/metadata') response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end()
    else response.end(`served ${request.method} ${request.url}\n`)
  })
  await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve))
  port = (served.address() as AddressInfo).port
})
afterAll(() => { served.close() })

const targets = ({ denials }: Run) => denials.map(({ target, reason }) => `${target} ${reason}`)

describe.each<Front>([NATIVE, { who: 'by util-linux', env: WEAKER }, UTIL_LINUX_AS_USER])(proves('named hosts and no others $who', 'RUN-9'), ({ env, as }) => {
  let nexus: Nexus
  beforeEach(({ skip }) => {
    if (as) needsStranger(skip)
    nexus ??= new Nexus({ env: { ...TRUSTED, ...env }, ...(as ? { as } : {}) })
  })
  afterAll(() => nexus?.[Symbol.asyncDispose]())

  test('a listed port of this machine answers inside at its own place, by both addresses of lo', async () => {
    const run = await nexus.run('--net', `localhost:${port}`, `curl -sS http://localhost:${port}/a http://127.0.0.1:${port}/b`)
    expect({ stdout: run.stdout, denials: run.denials, network: run.network, flags: run.flags }).toEqual({ stdout: 'served GET /a\nserved GET /b\n', denials: [], network: [`localhost:${port}`], flags: [] })
  })

  test('node finds the proxy by itself', async ({ skip }) => {
    // Older ones know nothing of proxies; and a clone in the home of a user lies where runs of another home do not see it.
    const version = (await nexus.run('node --version')).stdout.toString().trim()
    if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) skip(`needs Node 24 where a run finds it: it finds ${version}`)
    const run = await nexus.run('--net', `mirror.example:${port}=127.0.0.1`, `node -e 'fetch("http://mirror.example:${port}/node").then((answer) => answer.text()).then((text) => process.stdout.write(text))'`)
    expect({ stdout: run.stdout, denials: run.denials }).toEqual({ stdout: 'served GET /node\n', denials: [] })
  })

  test('curl, python and git find the proxy by themselves, and a redirect is a request like any other', async ({ skip }) => {
    needs(skip, 'git', 'python3')
    const name = `mirror.example:${port}=127.0.0.1`
    const script = `
curl -sS http://mirror.example:${port}/curl
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://mirror.example:${port}/python").read().decode(), end="")'
git ls-remote http://mirror.example:${port}/repository.git 2>&1 | head -1
curl -sSL http://mirror.example:${port}/away; curl -sSL http://mirror.example:${port}/metadata; curl -sS http://other.example/ -o /dev/null -w '%{http_code}\\n'`
    const run = await nexus.run('--net', name, script)
    expect(run.stdout).toMatch(new RegExp(`^served GET /curl\nserved GET /python\nfatal: .*(not valid|not found).*\n`))
    expect(run.stdout.toString()).toMatch(/403\n$/)
    expect(targets(run)).toEqual(['elsewhere.example:80 not-listed', '169.254.169.254:80 not-listed', 'other.example:80 not-listed'])
    expect(run.denials.map(({ allow }) => allow)).toEqual([`nexus run --net ${name},elsewhere.example -- …`, undefined, `nexus run --net ${name},other.example -- …`])
    const { stdout } = await nexus.call('show', run.id)
    expect(stdout).toContain('denied network elsewhere.example:80: it is not on the list')
    expect(stdout).toContain(`to allow it: nexus run --net ${name},other.example -- …`)
  })

  test('no other way out: no name service, no address, no socket of the host, no neighbour', async ({ skip }) => {
    needs(skip, 'python3')
    const abstract = `nexus-network-${process.pid}`
    const host = createSocketServer((socket) => socket.on('error', () => {}).end('host')).listen({ path: `\0${abstract}` })
    try {
      // From a file: what is written on the command line is read beforehand, and a person would be asked.
      writeFileSync(join(nexus.project, 'ways-out.py'), `
import socket, os
def attempt(name, work):
    try: print(name, 'REACHED', work())
    except OSError as error: print(name, 'held')
def tcp(family, address): one = socket.socket(family, socket.SOCK_STREAM); one.settimeout(3); one.connect(address); return one.recv(9)
def udp(family, address): one = socket.socket(family, socket.SOCK_DGRAM); one.settimeout(3); one.sendto(b'\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x01a\\0\\0\\x01\\0\\x01', address); return one.recv(9)
resolvers = [line.split()[1] for line in open('/etc/resolv.conf') if line.startswith('nameserver')]
for at, resolver in enumerate(resolvers): attempt('resolver', lambda: udp(socket.AF_INET6 if ':' in resolver else socket.AF_INET, (resolver, 53)))
attempt('dns', lambda: udp(socket.AF_INET, ('8.8.8.8', 53)))
attempt('name', lambda: socket.getaddrinfo('mirror.example', 80))
attempt('tcp', lambda: tcp(socket.AF_INET, ('1.1.1.1', 443)))
attempt('metadata', lambda: tcp(socket.AF_INET, ('169.254.169.254', 80)))
attempt('six', lambda: tcp(socket.AF_INET6, ('2606:4700:4700::1111', 443)))
attempt('host', lambda: tcp(socket.AF_INET, ('127.0.0.1', ${port})))
attempt('abstract', lambda: tcp(socket.AF_UNIX, '\\0${abstract}'))
attempt('vsock', lambda: tcp(40, (2, 1024)))
attempt('packet', lambda: socket.socket(17, socket.SOCK_RAW, 3))
attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
print(sorted(name for _, name in socket.if_nameindex()))
print(len([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 3]))
`)
      nexus.own()
      const run = await nexus.run('--net', `mirror.example:${port}=127.0.0.1`, '--', 'python3', 'ways-out.py')
      const [fds, links, ...attempts] = run.stdout.toString().trim().split('\n').reverse()
      expect({ attempts: new Set(attempts.map((line) => line.split(' ')[1])), count: attempts.length >= 10, links, fds }).toEqual({ attempts: new Set(['held']), count: true, links: "['lo']", fds: '0' })
    } finally {
      host.close()
    }
  })

  test('two runs at once: each has its own list, and no process of theirs is left', async () => {
    const fetches = (path: string) => `for one in 1 2 3; do curl -s -o /dev/null -w '%{http_code} ' http://${path}; sleep 0.1; done`
    const [one, other] = await Promise.all([nexus.run('--net', `a.example:${port}=127.0.0.1`, fetches(`a.example:${port}/`)), nexus.run('--net', `b.example:${port}=127.0.0.1`, fetches(`a.example:${port}/`))])
    expect([one.stdout, other.stdout]).toEqual(['200 200 200 ', '403 403 403 '])
    expect(other.denials).toMatchObject([{ target: `a.example:${port}`, count: 3 }])
    expect(familyOf(await nexus.pid()).filter(isFerry)).toEqual([])
  })

  test('what stands at the doors knows nothing of the daemon\'s, and ends with it', async () => {
    const started = nexus.start(['run', '--keep', '--net', `localhost:${port}`, `curl -sS http://localhost:${port}/ && sleep 600`])
    const daemon = await nexus.pid()
    await expect.poll(() => familyOf(daemon).filter(isFerry).length, { timeout: 20_000 }).toBe(1)
    const known = familyOf(daemon)
    const [ferry = 0] = known.filter(isFerry)
    if (Object.keys(env).length > 0) expect(readFileSync(`/proc/${ferry}/environ`, 'utf8')).toBe('')
    process.kill(daemon, 'SIGKILL')
    await expect.poll(() => known.filter(isAlive), { timeout: 20_000 }).toEqual([])
    await started.ended
  })
})

test('without the native launcher lo is brought up by what there is; where nothing does it, the run fails and says what would', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('needs root: to take programs of the system away')
  for (const [missing, says] of [['ip ifconfig', 'served GET /\n'], ['ip ifconfig perl', 'apt-get install iproute2']] as const) {
    await using own = new Nexus({ env: WEAKER })
    // Seen by this Nexus alone.
    own.through = ['unshare', '-m', 'sh', '-c', `for one in ${missing}; do file=$(command -v $one) && mount --bind /bin/false "$file"; done; exec "$@"`, 'sh']
    const run = await own.run('--net', `localhost:${port}`, '--', 'curl', '-sS', `http://localhost:${port}/`)
    expect(`${run.stdout}${run.stderr}`, missing).toContain(says)
    expect(run.endReason).toBe(missing.includes('perl') ? 'launcher-failed' : undefined)
  }
})

describe(proves('who says what a run may reach', 'RUN-9'), () => {
  let nexus: Nexus
  beforeAll(async () => {
    nexus = new Nexus({ env: TRUSTED })
    await nexus.call('daemon', 'start')
  })
  afterAll(() => nexus[Symbol.asyncDispose]())

  test('settings: a default for every run, what a project may ask for, and the machine\'s word over a flag', async () => {
    const config = join(nexus.base, 'state/config.yaml')
    writeFileSync(config, `network: { allow: ["mirror.example:${port}=127.0.0.1"] }\n`)
    try {
      expect((await nexus.run(`curl -sS http://mirror.example:${port}/x`)).stdout).toBe('served GET /x\n')
      expect((await nexus.run('--net', 'off', `curl -sS http://mirror.example:${port}/x || echo off`)).stdout).toBe('off\n')
      const { stdout } = await nexus.call('settings')
      expect(stdout).toContain(`network    mirror.example:${port}=127.0.0.1`)
    } finally {
      writeFileSync(config, '')
    }
  })

  test('what is no host is a mistake of the caller', async () => {
    for (const words of ['http://a.example/', '*', 'off,on', 'localhost']) expect((await nexus.call('run', '--net', words, 'true')).code).toBe(2)
    expect((await nexus.call('run', '--net', 'on', '--net', 'npm', 'true')).code).toBe(2)
  })
})

/** Everybody below a process. */
function familyOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number).flatMap((child) => [child, ...familyOf(child)])
  } catch {
    return [] // it has just ended
  }
}

/** One that nobody has waited for is not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function isFerry(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'nexus-ferry\n' || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/ferry.mjs\0outside')
  } catch {
    return false // it has just ended
  }
}

/** The registry of this machine as a rule: a private mirror is named together with its address, as its person would do it. */
async function registryRule(): Promise<{ url: string; rule: string }> {
  const url = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  const { hostname, port: given, protocol } = new URL(url)
  const place = given === '' ? (protocol === 'http:' ? '80' : '443') : given
  if (/^[\d.]+$|^\[|^localhost$/.test(hostname)) return { url, rule: `${hostname}:${place}` }
  const { address } = await lookup(hostname)
  return { url, rule: /^(10|127|172|192|100)\./.test(address) ? `${hostname}:${place}=${address}` : `${hostname}:${place}` }
}

describe(proves('a package from the registry', 'RUN-9'), () => {
  const installs = async (own: Nexus, owner?: typeof STRANGER) => {
    const { url, rule } = await registryRule()
    writeFileSync(join(own.project, 'package.json'), '{"name":"x","version":"1.0.0","private":true}')
    if (owner) chownSync(join(own.project, 'package.json'), owner.uid, owner.gid)
    const run = await own.run('--net', rule, `npm install --registry ${url} --no-audit --no-fund --no-update-notifier is-odd@3.0.1 >&2 && node -e 'console.log(require("is-odd")(3))'`)
    expect({ stdout: run.stdout, exitCode: run.exitCode, stderr: run.exitCode === 0 ? '' : run.stderr, denials: run.denials }).toEqual({ stdout: 'true\n', exitCode: 0, stderr: '', denials: [] })
    expect(run.changes.some(({ path }) => path === 'node_modules/is-odd/package.json')).toBe(true)
  }

  test.for<Front>([NATIVE, { ...NATIVE, who: 'as a user who is not root', as: STRANGER }, UTIL_LINUX_AS_USER])('npm install $who', async ({ env, as }, { skip }) => {
    if (as) needsStranger(skip)
    needsRegistry(skip)
    await using own = new Nexus({ env: { ...TRUSTED, ...env }, ...(as ? { as } : {}) })
    await installs(own, as)
  })
})
