/** Who is let into the dashboard: a one-time link, a secret of the browser's own, and a page that runs nothing but itself. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { needsChromium, openBrowser, openPage } from './browser.ts'
import { Nexus, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'
import { ANSWERS } from './schemas.ts'

const nexus = new Nexus({ env: { NEXUS_PORT: '0' } })
let origin = ''
let browser: Browser | undefined

beforeAll(async () => {
  await nexus.call('daemon', 'start')
  origin = (await nexus.json<{ url: string }>('status')).url
})
afterAll(async () => {
  await browser?.close()
  await nexus[Symbol.asyncDispose]()
})

interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

function ask(path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}${path}`, { method: body === undefined ? 'GET' : 'POST', headers, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => { text += chunk.toString() })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }
const codeOf = (url: string) => new URL(url).hash.replace('#login=', '')
const link = async () => (await nexus.json<{ url: string }>('dashboard')).url
const login = (code: string, headers: Record<string, string> = {}) => ask('/login', { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ code }) })
const secret = async () => (JSON.parse((await login(codeOf(await link()))).body) as { secret: string }).secret

describe(proves('the login link', 'SYS-2', 'SYS-4'), () => {
  test('nexus dashboard prints it, as a line and as JSON, and starts nothing where no display is', async () => {
    const asJson = await nexus.call('dashboard', '--json')
    expect(ANSWERS.dashboard.parse(JSON.parse(asJson.stdout)).url).toMatch(new RegExp(`^${origin}/#login=[\\w-]{43}$`))
    const plain = await nexus.call('dashboard', '--no-open')
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 0, stdout: expect.stringMatching(new RegExp(`^${origin}/#login=[\\w-]{43}\\n$`)) })
    expect(plain.stderr).toContain('good once')
  })

  test('opens the browser that is named', async () => {
    const opener = new Nexus({ env: { NEXUS_PORT: '0', BROWSER: 'touch' } })
    try {
      // `touch URL` fails, for there is no such folder: an opener that fails is no failure of ours, and the link stands there.
      const opened = await opener.call('dashboard')
      expect({ code: opened.code, said: opened.stderr.includes('opened in your browser') }).toEqual({ code: 0, said: false })
      opener.env.BROWSER = 'true'
      expect((await opener.call('dashboard')).stderr).toContain('opened in your browser')
    } finally {
      await opener[Symbol.asyncDispose]()
    }
  })

  test('that a browser is started with is good for this user alone: it stands in a list of processes that everybody can read', async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip('needs root: a program of somebody else')
    await using opener = new Nexus({ env: { NEXUS_PORT: '0' } })
    const [browser, opened] = [join(opener.base, 'browser'), join(opener.base, 'opened')]
    writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" >'${opened}'\n`, { mode: 0o755 })
    opener.env.BROWSER = browser
    await opener.call('dashboard')
    const url = new URL(readFileSync(opened, 'utf8'))
    const trade = `fetch('${url.origin}/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code: '${codeOf(url.href)}' }) }).then(({ status }) => console.log(status))`
    const as = (who: Partial<typeof STRANGER>) => spawnSync('node', ['-e', trade], { encoding: 'utf8', cwd: '/', ...who }).stdout.trim()
    expect([as(STRANGER), as({}), as({})]).toEqual(['401', '200', '401'])
  })

  test('is good once; replayed it opens nothing', async () => {
    const code = codeOf(await link())
    expect((await login(code)).status).toBe(200)
    const replayed = await login(code)
    expect({ status: replayed.status, problem: (JSON.parse(replayed.body) as { error: { code: string } }).error.code }).toEqual({ status: 401, problem: 'login-link-void' })
  })

  test.each([['missing', {}], ['empty', { code: '' }], ['of another type', { code: 7 }], ['too long', { code: 'x'.repeat(300) }]])('a code that is %s is refused', async (_, body) => {
    expect((await ask('/login', { headers: JSON_TYPE, body: JSON.stringify(body) })).status).toBe(400)
  })

  test.each([['made up', 'x'.repeat(43)], ['the secret of the daemon itself', () => readFileSync(join(nexus.base, 'state/token'), 'utf8').trim()]])('a code that is %s is refused', async (_, code) => {
    expect((await login(typeof code === 'string' ? code : code())).status).toBe(401)
  })

  test('does not end with a daemon that goes away, but is void with it', async () => {
    const code = codeOf(await link())
    const old = await secret()
    const port = new URL(origin).port
    nexus.env.NEXUS_PORT = port
    await nexus.call('daemon', 'restart')
    expect((await login(code)).status).toBe(401)
    expect((await ask('/trpc/system.status', { headers: { authorization: `Bearer ${old}` } })).status).toBe(200)
  })

  test('is made at the socket of the user only: a browser that was let in cannot let others in', async () => {
    const answer = await ask('/trpc/access.link', { headers: { ...JSON_TYPE, authorization: `Bearer ${await secret()}` }, body: '{}' })
    expect(answer.body).toContain('access-denied')
    expect(answer.body).not.toContain('#login=')
  })

  test('the browser never holds the secret of the daemon, and what it holds is in no answer', async () => {
    const held = await secret()
    expect(held).not.toContain(readFileSync(join(nexus.base, 'state/token'), 'utf8').trim())
    for (const path of ['/', '/trpc/system.status']) expect((await ask(path, { headers: { authorization: `Bearer ${held}` } })).body).not.toContain(held)
  })

  test('what a caller may mend is no failure of the server', async () => {
    const headers = { authorization: `Bearer ${await secret()}` }
    const of = (run: string) => ask(`/trpc/runs.get?input=${encodeURIComponent(JSON.stringify({ run }))}`, { headers })
    const missing = await of('raaaaaaaaaaaa')
    expect(missing.status).toBe(404)
    expect(missing.body).toContain('"code":"no-run"')
    expect((await of('r')).status).toBe(400)
  })

  test('that a browser was let in stands in the log', async () => {
    await secret()
    const { stdout } = await nexus.call('events', '--json')
    expect(stdout.split('\n').filter((line) => line.includes('"access.granted"')).length).toBeGreaterThan(0)
  })
})

describe(proves('other pages', 'SYS-2', 'SYS-4'), () => {
  test.each([
    ['another Host, as DNS rebinding sends it', () => ({ host: `evil.example:${new URL(origin).port}` }), 421], ['another Origin', () => ({ origin: 'http://evil.example' }), 403],
    ['another port of localhost', () => ({ origin: 'http://127.0.0.1:3000' }), 403], ['the null Origin of a sandboxed frame', () => ({ origin: 'null' }), 403],
  ])('%s gets neither the page nor a login nor a call, whatever it holds', async (_, headers, status) => {
    const held = await secret()
    const code = codeOf(await link())
    expect((await ask('/', { headers: headers() })).status).toBe(status)
    expect((await login(code, headers())).status).toBe(status)
    expect((await ask('/trpc/system.kill', { headers: { ...JSON_TYPE, authorization: `Bearer ${held}`, ...headers() }, body: '{}' })).status).toBe(status)
    // The code was not spent on them.
    expect((await login(code)).status).toBe(200)
    expect((await nexus.json<{ killed: boolean }>('status')).killed).toBe(false)
  })

  test('a WebSocket upgrade of another Origin or Host is refused before anything is read', async () => {
    const upgrade = (headers: Record<string, string>) => new Promise<number | 'open'>((resolve, reject) => {
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/trpc?connectionParams=1`, { headers })
      socket.on('open', () => { socket.close(); resolve('open') })
      socket.on('unexpected-response', (_, response) => { resolve(response.statusCode ?? 0); socket.terminate() })
      socket.on('error', reject)
    })
    expect([await upgrade({ origin: 'http://evil.example' }), await upgrade({ origin: 'null' }), await upgrade({ host: 'evil.example' }), await upgrade({ origin })]).toEqual([403, 403, 421, 'open'])
  })

  test.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'code=x'], ['text', { 'content-type': 'text/plain' }, '{"code":"x"}'], ['nothing', {}, ''],
  ])('CSRF: %s cannot call anything without the secret, and there is no cookie to ride on', async (_, headers, body) => {
    for (const path of ['/trpc/system.kill', '/trpc/runs.start', '/trpc/runs.applyChanges']) {
      const answer = await ask(path, { headers: { ...headers, cookie: `nexus.secret=${await secret()}` } as Record<string, string>, body })
      expect([401, 415]).toContain(answer.status)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    expect((await ask('/login', { headers: headers as Record<string, string>, body })).status).toBeGreaterThanOrEqual(400)
    expect((await nexus.json<{ killed: boolean }>('status')).killed).toBe(false)
  })
})

describe(proves('the page', 'SYS-2', 'SYS-4'), () => {
  test('has the headers of a page that runs only itself', async () => {
    const { status, headers, body } = await ask('/')
    expect(status).toBe(200)
    const policy = Object.fromEntries(String(headers['content-security-policy']).split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]))
    expect(policy).toEqual({
      'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'img-src': "'self'", 'connect-src': "'self'", 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'", 'trusted-types': "'none'",
    })
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', 'cache-control': 'no-cache' })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/)
  })

  test('is served by exact names: no path leads out of its folder', async () => {
    const assets = [...(await ask('/')).body.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
    expect(assets.length).toBeGreaterThan(1)
    for (const path of assets) expect((await ask(path)).headers['cache-control']).toContain('immutable')
    for (const path of ['/assets/../../package.json', '/assets/%2e%2e/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '/assets//etc/passwd', '/index.html', '/assets/', '/.git/config', '/token']) {
      const answer = await ask(path)
      expect([path, answer.status]).toEqual([path, 404])
    }
  })

  test('an unchanged file is not sent twice', async () => {
    const first = await ask('/')
    expect((await ask('/', { headers: { 'if-none-match': String(first.headers.etag) } })).status).toBe(304)
  })

  test('takes the code out of the address, keeps no cookie, and a stranger is told what to do', async ({ skip }) => {
    needsChromium(skip)
    browser ??= await openBrowser()
    const { page, context, complaints } = await openPage(browser)
    try {
      await page.goto(origin)
      await page.getByText('This browser has not been let in yet.').waitFor()
      const url = await link()
      await page.goto(url)
      await page.getByText('live', { exact: true }).waitFor()
      expect(page.url()).toBe(`${origin}/`)
      expect(await context.cookies()).toEqual([])
      await page.reload()
      await page.getByText('live', { exact: true }).waitFor()
      expect(complaints).toEqual([])
      const { page: other, context: elsewhere } = await openPage(browser)
      await other.goto(url)
      await other.getByText('this login link was used already, or is too old').waitFor()
      await elsewhere.close()
    } finally {
      await context.close()
    }
  })

  test('a secret that the daemon does not know any more is forgotten', async ({ skip }) => {
    await using entered = await enter(skip)
    const { page } = entered
    await page.evaluate("localStorage.setItem('nexus.secret', 'another')")
    await page.reload()
    await page.getByText('The daemon does not know this browser any more').waitFor()
    expect(await page.evaluate("localStorage.getItem('nexus.secret')")).toBeNull()
  })

  test('cannot be put into a frame of another page, and markup that got in runs nothing', async ({ skip }) => {
    await using entered = await enter(skip)
    const { page, context } = entered
    // What an injection would try, in the page itself: the policy says no to each.
    const refused = await page.evaluate(`(async () => {
      // A debugger's own evaluation may eval; what runs after it may not.
      await new Promise((resolve) => setTimeout(resolve, 20))
      const tried = {}
      try { document.body.innerHTML += '<img src=x onerror="window.owned=1">'; tried.html = 'set' } catch { tried.html = 'refused' }
      try { eval('window.owned = 2'); tried.eval = 'ran' } catch { tried.eval = 'refused' }
      try { const made = document.createElement('script'); made.textContent = 'window.owned = 3'; document.body.append(made); tried.script = 'set' } catch { tried.script = 'refused' }
      try { await fetch('http://127.0.0.1:1/steal'); tried.fetch = 'sent' } catch { tried.fetch = 'refused' }
      return { ...tried, owned: window.owned ?? null }
    })()`)
    expect(refused).toEqual({ html: 'refused', eval: 'refused', script: 'refused', fetch: 'refused', owned: null })
    const frame = await context.newPage()
    await frame.setContent(`<iframe src="${origin}/"></iframe>`)
    await frame.waitForTimeout(300)
    expect(await frame.frames()[1]?.locator('#root').count()).toBe(0)
  })
})

/** A page of its own that came in by a link, which is used up then. */
async function enter(skip: (reason: string) => never) {
  needsChromium(skip)
  browser ??= await openBrowser()
  const watched = await openPage(browser)
  await watched.page.goto(await link())
  await watched.page.getByText('live', { exact: true }).waitFor()
  return { ...watched, [Symbol.asyncDispose]: () => watched.context.close() }
}
