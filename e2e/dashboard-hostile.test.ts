/** Names, diffs, output and commands that want to be more than text. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { codeIn, goTo, useDesk } from './dashboard/desk.ts'
import { proves } from './requirements.ts'

const desk = useDesk()

const MARKUP = '<img src=x onerror="window.owned=1"><script>window.owned=2</script>'
/** Anything that a page with only our own text in it does not have. */
async function isClean(page: Page): Promise<void> {
  expect(await page.evaluate('({ owned: window.owned ?? null, images: document.querySelectorAll("img:not([src=\\"/favicon.svg\\"])").length, scripts: document.querySelectorAll("script:not([src])").length, title: document.title })'))
    .toEqual({ owned: null, images: 0, scripts: 0, title: '(1) Nexus' })
}

test(proves('file names: markup, line breaks, directions, bytes that are no UTF-8, JavaScript\'s own words', 'SYS-2'), async () => {
  const page = await desk.open()
  const names = ['"$(printf "%s" "$M")"', '"$(printf \'line\\nbreak\')"', '"$(printf \'\\342\\200\\256gnp.exe\')"', '"$(printf \'bytes-\\377\\376\')"', '__proto__', 'constructor', '"javascript:alert(1)"', '"$(printf \'\\033]0;x\\007esc\')"', '-rf', '" "']
  const run = await desk.nexus.run('--keep', `M='${MARKUP.replaceAll('/', '')}'; ${names.map((name) => `echo text > ./${name}`).join('; ')}`)
  expect(run.changes.length).toBe(names.length)
  await goTo(page, run.id)
  await page.getByRole('treeitem').first().waitFor()
  const shown = await page.locator('.row .name').allTextContents()
  expect(shown.sort()).toEqual(['-rf', ' ', MARKUP.replaceAll('/', ''), '__proto__', 'bytes-\\xff\\xfe', 'constructor', 'javascript:alert(1)', 'line\\nbreak', '\\u202egnp.exe', '\\x1b]0;x\\x07esc'].sort())
  for (const row of await page.getByRole('treeitem').all()) {
    await row.click()
    await codeIn(page, 'added').filter({ hasText: 'text' }).waitFor()
  }
  await page.getByRole('button', { name: `Apply all ${names.length}` }).click()
  await page.locator('.said').getByText(`Applied ${names.length} paths.`).waitFor()
  expect(await page.evaluate('window.owned ?? null')).toBeNull()
})

test(proves('a diff: markup stays text, and what reads otherwise than it runs is shown', 'SYS-2'), async () => {
  writeFileSync(join(desk.nexus.project, 'access.js'), 'if (isAdmin) {\n')
  const page = await desk.open()
  // The "Trojan source" trick: a comment that reads as code, by direction marks.
  const run = await desk.nexus.run('--keep', `printf '%s\\n' '${MARKUP}' > page.html; printf 'if (access !== "user\\342\\200\\256 \\342\\201\\246// only admins\\342\\201\\251 \\342\\201\\246") {\\r\\n\\033[2Jzero\\342\\200\\213width\\n' > access.js`)
  await goTo(page, run.id)
  await page.getByRole('treeitem').filter({ hasText: 'page.html' }).click()
  await codeIn(page, 'added').filter({ hasText: MARKUP }).waitFor()
  await page.getByRole('treeitem').filter({ hasText: 'access.js' }).click()
  await page.locator('.escape').first().waitFor()
  expect(await page.locator('.escape').allTextContents()).toEqual(['\\u202e', '\\u2066', '\\u2069', '\\u2066', '\\r', '\\x1b', '\\u200b'])
  await isClean(page)
})

test(proves('output: markup stays text, sequences that command a terminal or a title do nothing', 'SYS-2'), async () => {
  const page = await desk.open()
  const run = await desk.nexus.run('--keep', `echo 1 > a; printf '%s\\n' '${MARKUP}'; printf '\\033]0;owned\\007\\033]8;;javascript:alert(1)\\033\\\\link\\033]8;;\\033\\\\ \\033[31mred\\033[0m \\033[2J\\033[10;10H<b>end</b>\\n'; head -c 300 /dev/urandom; echo; echo last`)
  await goTo(page, run.id)
  await page.getByRole('tab', { name: 'Output' }).click()
  await page.locator('.line', { hasText: 'last' }).waitFor()
  const lines = await page.locator('.line').allTextContents()
  expect(lines.slice(0, 2)).toEqual([MARKUP, 'link red <b>end</b>'])
  expect(await page.locator('.output a, .output b').count()).toBe(0)
  await isClean(page)
})

test(proves('a command line and a project of any letters', 'SYS-2'), async () => {
  const page = await desk.open()
  const run = await desk.nexus.run('--keep', '--', 'sh', '-c', 'echo 1 > a', MARKUP, '\u202Etxt.exe', 'two\nlines')
  await goTo(page, run.id)
  const title = await page.getByRole('heading', { level: 1 }).textContent()
  for (const words of [MARKUP, '\\u202etxt.exe', 'two\\nlines']) expect(title).toContain(words)
  await isClean(page)
})

test(proves('megabytes of output and a set of 20,000 paths do not choke the page', 'SYS-2'), async () => {
  const page = await desk.open()
  const run = await desk.nexus.run('--keep', 'mkdir many; cd many; i=0; while [ $i -lt 200 ]; do mkdir d$i; i=$((i+1)); done; for d in d*; do (cd $d; for j in 0 1 2 3 4 5 6 7 8 9; do for k in 0 1 2 3 4 5 6 7 8 9; do : > f$j$k; done; done); done; seq 1 300000')
  await goTo(page, run.id)
  await page.getByText(`${run.changes.length}`, { exact: true }).first().waitFor()
  expect(run.changes.length).toBeGreaterThan(20_000)
  // The folder of 200 is closed; open it and walk to the end: rows come as they are needed.
  await page.getByRole('treeitem').first().focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('End')
  await page.locator('.row .name', { hasText: 'd99' }).first().waitFor()
  expect(await page.getByRole('treeitem').count()).toBeLessThan(200)
  await page.getByRole('tab', { name: 'Output' }).click()
  await page.locator('.line', { hasText: /^300000$/ }).waitFor()
  expect(await page.locator('.line').count()).toBeLessThan(6100)
  await page.getByText('earlier lines are not shown here').waitFor()
})
