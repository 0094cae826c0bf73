/** An agent's run in the browser: what it spent, its transcript, and a question that it asks while somebody looks. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { pretendClaude, STORY } from './agents/pretended-claude.ts'
import { goTo, said, useDesk } from './dashboard/desk.ts'
import { needs } from './needs.ts'
import { root } from './nexus.ts'
import { proves } from './requirements.ts'
import { Window } from './tmux.ts'

const desk = useDesk()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' } as const
/** A page is deaf for a moment, so that a key meant for something else is no yes. */
const DEAF_MS = 700

async function complaints(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)) as AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`))
}

async function fits(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await complaints(page)).toEqual([])
}

test(proves('the transcript is a tab of its run: read by keyboard, on a telephone too, and what it says can do nothing', 'SYS-2', 'SWARM-5'), async () => {
  pretendClaude(desk.nexus, STORY)
  const { run } = await desk.nexus.json<{ run: Run }>('agent', '--keep', 'claude')
  const page = await desk.open()
  await goTo(page, run.id)
  await page.getByText('claude: 3 turns, 4,200 in (1,200 cached) / 600 out').waitFor()
  await page.getByRole('tab', { name: /^Transcript/ }).waitFor()
  await page.keyboard.press('w')
  const entries = page.getByRole('region', { name: 'Transcript' }).getByRole('listitem')
  await entries.nth(4).waitFor()
  expect(await entries.locator('.who').allInnerTexts()).toEqual(['> asked', '~ thought', '$ called Bash\\u202e', '= Bash\\u202e answered: failed', '< said'].map((who) => expect.stringContaining(who)))
  expect(await entries.nth(4).locator('.text').innerText()).toContain('<img src=x onerror="document.title=1"><script>document.title=2</script> \\x1b]52;c;aGk=\\x07\\x1b[2J\\u202eevil')
  expect(await page.locator('.transcript img, .transcript script').count()).toBe(0)
  expect(await page.title()).toMatch(/Nexus$/)
  await page.getByRole('button', { name: '16 more lines' }).click()
  await page.getByText('line 39').waitFor()
  expect(await complaints(page)).toEqual([])

  const phone = await desk.open(PHONE)
  await phone.goto(`${new URL(phone.url()).origin}/#/runs/${run.id}`)
  await phone.getByRole('tab', { name: /^Transcript/ }).click()
  await phone.getByText('line 0').waitFor()
  await fits(phone)
})

test(proves('a run that is denied a host asks whoever looks at its page: once, for this run, or no; on every page at once', 'SYS-2', 'RUN-9'), async () => {
  const { nexus } = desk
  const fetches = 'curl -s -o /dev/null -w "$host %{http_code} " "http://$host.invalid/"'
  // It waits for the test before each question: the first comes while nobody looks.
  const { child, ended } = nexus.start(['run', '--json', '--keep', '--net', 'npm', `for host in none once run no run; do read go; ${fetches}; done`], { input: 'open' })
  const go = () => child.stdin?.write('\n')
  const page = await desk.open()
  await page.locator('.runs a').first().click()
  const phone = await desk.open(PHONE)
  await phone.locator('.runs a').first().click()
  const seen = (one: Page, isSeen: boolean) => one.evaluate(`Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${isSeen ? 'visible' : 'hidden'}' }); document.dispatchEvent(new Event('visibilitychange'))`)
  await page.getByText('running', { exact: true }).first().waitFor()
  await phone.getByRole('article').waitFor()
  await Promise.all([seen(page, false), seen(phone, false)])
  await sleep(300)
  go()
  await page.getByText('none 403').waitFor()
  await Promise.all([seen(page, true), seen(phone, true)])
  await sleep(300)

  const card = (one: Page) => one.getByRole('region', { name: 'A question of this run' })
  go()
  for (const one of [page, phone]) await card(one).getByText('once.invalid:80').waitFor()
  await page.keyboard.press('1')
  await card(page).waitFor()
  await fits(phone)
  expect(await complaints(page)).toEqual([])
  await sleep(DEAF_MS)
  await page.keyboard.press('1')
  await said(phone, 'once.invalid: allowed once')
  for (const one of [page, phone]) await card(one).waitFor({ state: 'detached' })

  go()
  await card(phone).getByText('run.invalid:80').waitFor()
  await sleep(DEAF_MS)
  await card(phone).getByRole('button', { name: 'Allow for this run' }).tap()
  await card(page).waitFor({ state: 'detached' })
  go()
  await card(page).getByText('no.invalid:80').waitFor()
  await sleep(DEAF_MS)
  await card(page).getByRole('button', { name: 'Deny' }).focus()
  await page.keyboard.press('Enter')
  await said(page, 'no.invalid: denied')
  go()
  child.stdin?.end()
  const { run } = JSON.parse((await ended).stdout) as { run: Run }
  expect(run.stdout).toBe('none 403 once 502 run 502 no 403 run 502 ')
  expect(run.denials.map(({ host, reason }) => `${host} ${reason}`)).toEqual(['none.invalid not-listed', 'no.invalid refused'])
})

test(proves('page and terminal are in step: whoever answers first has answered', 'SYS-2', 'RUN-9'), async ({ skip }) => {
  needs(skip, 'tmux')
  const { nexus } = desk
  const tmux = (...words: string[]) => spawnSync('tmux', ['-S', join(nexus.base, 'tmux.sock'), ...words], { env: { ...nexus.env, PATH: `${root}:${nexus.env.PATH}` }, encoding: 'utf8' }).stdout
  tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'nexus', '-x', '110', '-y', '32', '-c', nexus.project, 'env PS1="ready> " sh')
  try {
    const window = new Window(tmux, 0)
    window.enter(`nexus run --no-pty --keep --net npm 'sleep 2; for host in one two; do curl -s -o /dev/null -w "$host %{http_code} " http://$host.invalid/; done'`)
    const page = await desk.open()
    await page.locator('.runs a').first().click()
    const card = page.getByRole('region', { name: 'A question of this run' })
    await card.getByText('one.invalid:80').waitFor()
    await window.shows('wants to reach one.invalid:80')
    await sleep(DEAF_MS)
    await card.getByRole('button', { name: 'Allow once' }).click()
    await window.shows('allowed once, in another place')
    await card.getByText('two.invalid:80').waitFor()
    await window.shows('wants to reach two.invalid:80')
    await sleep(DEAF_MS)
    window.press('d')
    await said(page, 'two.invalid: denied')
    await window.shows(/one 502[^]*two 403[^]*exit 0/)
    await card.waitFor({ state: 'detached' })
  } finally {
    tmux('kill-server')
  }
})
