/** The dashboard in a real browser: the same story as in the terminal, beside the terminal. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Cuttable } from './browser.ts'
import { codeIn, goTo, row, said, status, useDesk } from './dashboard/desk.ts'
import type { Nexus } from './nexus.ts'
import { differences, snapshot } from './oracle.ts'
import { proves } from './requirements.ts'

const desk = useDesk((nexus) => {
  mkdirSync(join(nexus.project, 'docs'))
  writeFileSync(join(nexus.project, 'docs/a.md'), 'one\n')
  writeFileSync(join(nexus.project, 'README.md'), '# Hello\n\nIt greets people.\n')
})
const open: typeof desk.open = (options, stream) => desk.open(options, stream)
let nexus: Nexus
beforeEach(() => { nexus = desk.nexus })

const exists = (path: string) => existsSync(join(nexus.project, path))
const show = async (id: string) => (await nexus.json<{ run: Run }>('show', id)).run
test(proves('the story: run in the terminal, review and partly apply in the browser, roll back in the terminal', 'SYS-2', 'RUN-4', 'RUN-5'), async () => {
  const look = () => snapshot(nexus.project)
  const before = look()
  const page = await open()
  await page.getByText('Nothing has run yet').waitFor()
  const run = await nexus.run('--keep', 'rm -rf docs; sed -i s/Hello/Welcome/ README.md; echo 42 > answer.txt; echo export A=1 > .envrc; printf "\\033[32mgreen\\033[0m words\\n"')
  await status(page, run.id, 'to decide')
  await goTo(page, run.id)

  // The flagged path is not chosen by itself; the diff is that of the terminal.
  await row(page, 'README.md').click()
  for (const isBeside of [false, true]) {
    await codeIn(page, 'added').filter({ hasText: '# Welcome' }).waitFor()
    expect(await codeIn(page, 'removed').allInnerTexts()).toEqual(['# Hello'])
    expect(await page.getByRole('button', { name: 'side by side' }).getAttribute('aria-pressed')).toBe(String(isBeside))
    await page.keyboard.press('d')
  }
  expect(await row(page, '.envrc').getAttribute('aria-checked')).toBe('false')
  expect(await row(page, '.envrc').innerText()).toContain('runs by itself later')
  await page.getByRole('tab', { name: 'Output' }).click()
  expect(await page.locator('.output .ink-2').innerText()).toBe('green')
  await page.getByRole('tab', { name: 'Changes' }).click()

  // Some of it: leave docs out.
  await row(page, 'docs/').locator('.box').click()
  await page.getByRole('button', { name: 'Apply 2 of 5' }).click()
  await said(page, 'Applied 2 paths.')
  await status(page, run.id, 'applied')
  expect({ answer: exists('answer.txt'), readme: readFileSync(join(nexus.project, 'README.md'), 'utf8').slice(0, 9), docs: exists('docs/a.md'), envrc: exists('.envrc') }).toEqual({ answer: true, readme: '# Welcome', docs: true, envrc: false })
  expect((await show(run.id)).appliedPaths.length).toBe(2)

  const rolledBack = await nexus.json('rollback', run.id)
  expect(rolledBack.code).toBe(0)
  await status(page, run.id, 'rolled back')
  expect(differences(before, look())).toEqual([])
})

test(proves('a flagged path is applied only when it was chosen by name and looked at again', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'echo 1 > .envrc; echo 2 > plain')
  await goTo(page, run.id)
  await page.getByRole('button', { name: 'Apply 1 of 2' }).waitFor()
  await row(page, '.envrc').locator('.box').click()
  await page.getByRole('button', { name: 'Apply all 2' }).click()
  const dialog = page.getByRole('dialog')
  expect(await dialog.innerText()).toContain('.envrc')
  await dialog.getByRole('button', { name: 'Not yet' }).click()
  expect({ envrc: exists('.envrc'), plain: exists('plain') }).toEqual({ envrc: false, plain: false })
  await page.getByRole('button', { name: 'Apply all 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Apply 2 paths, these too' }).click()
  await said(page, 'Applied 2 paths.')
  expect({ envrc: exists('.envrc'), plain: exists('plain') }).toEqual({ envrc: true, plain: true })
})

test(proves('what comes along with a path of a repository is shown before it is applied', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'mkdir -p .git/hooks; echo 1 > .git/HEAD; echo 2 > .git/hooks/post-merge')
  await goTo(page, run.id)
  await page.getByRole('button', { name: /^Apply \d of \d/ }).click()
  const dialog = page.getByRole('dialog')
  expect(await dialog.innerText()).toMatch(/comes along, because a repository moves as one[^]*\.git\/hooks\/post-merge/)
  await dialog.getByRole('button', { name: /these too$/ }).click()
  await said(page, /^Applied/)
  expect({ head: exists('.git/HEAD'), hook: exists('.git/hooks/post-merge') }).toEqual({ head: true, hook: true })
})

test(proves('a folder in which something is left out is not named as a whole', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'mkdir -p new; echo 1 > new/a; echo 2 > new/b; rm -rf docs')
  await goTo(page, run.id)
  await page.getByRole('treeitem', { name: /^.*\bb$/ }).or(row(page, 'b').last()).first().waitFor()
  await page.getByRole('treeitem').filter({ has: page.locator('bdi', { hasText: /^b$/ }) }).locator('.box').click()
  await page.getByRole('button', { name: /^Apply 4 of 5/ }).click()
  await said(page, /^Applied/)
  expect({ a: exists('new/a'), b: exists('new/b'), docs: exists('docs') }).toEqual({ a: true, b: false, docs: false })
})

test(proves('the approval names the digest that was on the screen', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'echo 1 > a')
  await goTo(page, run.id)
  const request = page.waitForRequest((one) => one.url().includes('runs.applyChanges'))
  await page.getByRole('button', { name: /^Apply all 1/ }).click()
  expect((await request).postDataJSON()).toEqual({ run: run.id, paths: [], digest: run.digest })
  await said(page, 'Applied 1 path.')
})

test(proves('a changed host is a conflict, shown by path: what the run saw, what the host has; the others can be applied', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'echo run > README.md; echo new > new.txt')
  writeFileSync(join(nexus.project, 'README.md'), 'by hand, meanwhile\n')
  await goTo(page, run.id)
  await page.getByRole('button', { name: /^Apply all 2/ }).click()
  const conflicts = page.getByRole('region', { name: 'Conflicts' })
  await conflicts.locator('bdi', { hasText: 'README.md' }).waitFor()
  for (const words of ['the host has something else by now', 'the run saw', 'the host has', '19 B']) expect(await conflicts.innerText()).toContain(words)
  expect({ readme: readFileSync(join(nexus.project, 'README.md'), 'utf8'), isNew: exists('new.txt') }).toEqual({ readme: 'by hand, meanwhile\n', isNew: false })
  await row(page, 'README.md').locator('.box').click()
  await page.getByRole('button', { name: /^Apply 1 of 2/ }).click()
  await said(page, 'Applied 1 path.')
  expect({ readme: readFileSync(join(nexus.project, 'README.md'), 'utf8'), isNew: exists('new.txt') }).toEqual({ readme: 'by hand, meanwhile\n', isNew: true })
})

test(proves('both sides of a file are merged, looked at, then written by a digest of its own; the other conflict is left to the host', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const lines = (first: string, last: string) => [first, ...Array.from({ length: 8 }, (_, at) => `line ${at}`), last, ''].join('\n')
  writeFileSync(join(nexus.project, 'both.txt'), lines('top', 'end'))
  const run = await nexus.run('--keep', "sed -i s/top/TOP/ both.txt; echo run > README.md; echo new > new.txt; echo 1 > .envrc")
  writeFileSync(join(nexus.project, 'both.txt'), lines('top', 'END by hand'))
  writeFileSync(join(nexus.project, 'README.md'), 'by hand\n')
  await goTo(page, run.id)
  await page.getByRole('button', { name: /^Apply 3 of 4/ }).click()
  const conflicts = page.getByRole('region', { name: 'Conflicts' })
  await conflicts.getByText('both sides merge cleanly').waitFor()
  expect(await conflicts.getByRole('radio', { name: 'merge' }).first().isChecked()).toBe(true)
  await conflicts.getByRole('group', { name: /README/ }).getByRole('radio', { name: "the host's" }).check()
  await conflicts.getByRole('button', { name: /^Look at the result/ }).click()
  const dialog = page.getByRole('dialog')
  await codeIn(dialog, 'added').filter({ hasText: 'TOP' }).waitFor()
  expect(await dialog.innerText()).not.toContain('.envrc')
  expect(exists('new.txt')).toBe(false)
  await dialog.getByRole('button', { name: 'Write it' }).click()
  await said(page, /^Applied/)
  expect({ both: readFileSync(join(nexus.project, 'both.txt'), 'utf8'), readme: readFileSync(join(nexus.project, 'README.md'), 'utf8'), isNew: exists('new.txt'), envrc: exists('.envrc') })
    .toEqual({ both: lines('TOP', 'END by hand'), readme: 'by hand\n', isNew: true, envrc: false })
  await page.getByRole('button', { name: /^Roll back/ }).click()
  await status(page, run.id, 'rolled back')
  expect(readFileSync(join(nexus.project, 'both.txt'), 'utf8')).toBe(lines('top', 'END by hand'))
})

test(proves('the command is run again on what is there now', 'SYS-2', 'RUN-4'), async () => {
  const page = await open()
  const run = await nexus.run('--keep', 'cat docs/a.md > README.md; echo "$LANG"')
  writeFileSync(join(nexus.project, 'README.md'), 'by hand\n')
  await goTo(page, run.id)
  await page.getByRole('button', { name: /^Apply all/ }).click()
  await page.getByRole('region', { name: 'Conflicts' }).getByRole('button', { name: /^Run it again/ }).click()
  await status(page, run.id, 'stale')
  await page.getByRole('button', { name: /^Apply all/ }).click()
  await said(page, 'Applied 1 path.')
  const [again] = (await nexus.json<{ runs: Run[] }>('runs')).runs
  expect({ of: again?.rerunOf, readme: readFileSync(join(nexus.project, 'README.md'), 'utf8'), environment: (await show(again?.id ?? '')).stdout }).toEqual({ of: run.id, readme: 'one\n', environment: 'C.UTF-8\n' })
})

test(proves('output is live, discard asks first, stop stops', 'SYS-2'), async () => {
  const page = await open()
  const live = nexus.start(['run', '--keep', 'echo begun; echo 1 > a; sleep 60'])
  await page.locator('.run[data-status="running"]').click()
  await page.locator('.output').getByText('begun').waitFor()
  await page.getByRole('button', { name: /^Stop this run/ }).click()
  await page.locator('.run[data-status="failed"]').waitFor()
  await live.ended
  await page.getByRole('button', { name: /^Discard/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click()
  await page.locator('.run[data-status="failed"]').waitFor()
  await page.getByRole('button', { name: /^Discard/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
  await page.locator('.run[data-status="discarded"]').waitFor()
})

test(proves('two tabs and a terminal are in step', 'SYS-2'), async () => {
  const [one, two] = [await open(), await open()]
  const run = await nexus.run('--keep', 'echo 1 > a')
  for (const page of [one, two]) {
    await status(page, run.id, 'to decide')
    await goTo(page, run.id)
  }
  await one.getByRole('button', { name: /^Apply all/ }).click()
  for (const page of [one, two]) await status(page, run.id, 'applied')
  await two.getByRole('button', { name: /^Roll back/ }).click()
  for (const page of [one, two]) await status(page, run.id, 'rolled back')
  expect((await show(run.id)).status).toBe('rolled-back')
  await nexus.call('discard', run.id)
  for (const page of [one, two]) await status(page, run.id, 'discarded')
  // Who comes too late is told, and nothing else happens.
  expect(exists('a')).toBe(false)
})

test(proves('the daemon is restarted in the middle: the page comes back by itself and has missed nothing', 'SYS-2', 'SYS-1'), async () => {
  const port = new URL((await nexus.json<{ url: string }>('status')).url).port
  // The same port again, as a real daemon takes it; a browser knows a page by it.
  const fixed = Object.assign(nexus.env, { NEXUS_PORT: port })
  await nexus.call('daemon', 'restart')
  expect(fixed.NEXUS_PORT).toBe(port)
  const page = await open()
  const first = await nexus.run('--keep', 'echo 1 > a')
  await status(page, first.id, 'to decide')
  await goTo(page, first.id)
  await nexus.call('daemon', 'stop')
  await page.getByText('reconnecting', { exact: true }).waitFor()
  const second = await nexus.run('--keep', 'echo 2 > b')
  expect((await nexus.json('apply', first.id)).code).toBe(0)
  await page.getByText('live', { exact: true }).waitFor()
  await status(page, second.id, 'to decide')
  await status(page, first.id, 'applied')
  await page.getByRole('button', { name: /^Roll back/ }).click()
  await status(page, first.id, 'rolled back')
  const seqOnPage = Number((await page.locator('.seq').innerText()).slice(1))
  expect(seqOnPage).toBe((await nexus.json<{ head: number }>('status')).head)
})

test('a published port of a run is a link for as long as it runs', async () => {
  const page = await open()
  const { run } = await nexus.json<{ run: Run }>('run', '--detach', '--publish', '0:80', '--', 'sleep', '60')
  const [port] = run.ports ?? []
  const listed = page.locator(`.run[href="#/runs/${run.id}"]`)
  await listed.locator('.port', { hasText: `:${port?.host}` }).waitFor()
  await listed.click()
  expect(await page.locator('a.port').getAttribute('href')).toBe(`http://127.0.0.1:${port?.host}`)
  const { ports } = await nexus.json<{ ports: { host: number }[] }>('ports', run.id, '0:81')
  await page.locator('a.port', { hasText: `127.0.0.1:${ports[1]?.host}` }).waitFor()
  await nexus.call('kill', run.id)
  await page.locator('a.port').first().waitFor({ state: 'detached' })
  expect(await listed.locator('.port').count()).toBe(0)
})

describe(proves('the kill switch', 'SYS-2'), () => {
  const kill = (page: Page) => page.locator('#kill')
  const killed = async () => (await nexus.json<{ killed: boolean }>('status')).killed

  test('must be held: a click is not enough; held, everything stops and stays stopped until it is released', async () => {
    const page = await open()
    const live = nexus.start(['run', '--keep', 'sleep 60'])
    await page.locator('.run[data-status="running"]').waitFor()
    await kill(page).click()
    await said(page, 'Hold it a little longer')
    expect(await killed()).toBe(false)
    await kill(page).click({ delay: 1500 })
    await page.getByText('Everything is stopped. Nothing runs until it is released.').waitFor()
    expect(await killed()).toBe(true)
    expect((await live.ended).code).toBe(137)
    expect((await nexus.call('run', 'true')).code).toBe(126)
    await page.locator('.receipt').getByText('Host:').waitFor()
    await kill(page).click()
    await page.getByText('Everything is stopped').waitFor({ state: 'detached' })
    expect(await page.locator('.receipt').count()).toBe(0)
    expect((await nexus.call('run', 'true')).code).toBe(0)
  })

  test('works while the event stream is down', async () => {
    const stream = new Cuttable()
    const page = await open({}, stream)
    const live = nexus.start(['run', '--keep', 'sleep 60'])
    await page.locator('.run[data-status="running"]').waitFor()
    await stream.cut()
    await page.getByText('reconnecting', { exact: true }).waitFor()
    await kill(page).click({ delay: 1500 })
    await page.getByText('Everything is stopped.').waitFor()
    // The receipt needs no stream either.
    const receipt = page.locator('.receipt')
    await receipt.getByText(/Host: no file was written since .*, when it began/).waitFor()
    expect(await receipt.locator('li').first().textContent()).toContain('sleep 60')
    expect(await killed()).toBe(true)
    expect((await live.ended).code).toBe(137)
    // Once the stream is back the page catches up.
    stream.mend()
    await page.locator('.run[data-status="failed"]').waitFor()
  })

  test('and by the keyboard alone', async () => {
    const page = await open()
    await page.keyboard.press('!')
    await page.keyboard.down('Space')
    await page.waitForTimeout(1200)
    await page.keyboard.up('Space')
    await page.getByText('Everything is stopped.').waitFor()
    expect(await killed()).toBe(true)
    expect(await killed()).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText('Everything is stopped.').waitFor({ state: 'detached' })
    expect(await killed()).toBe(false)
  })
})
