/** Verdicts at a terminal: the question before a run that leaves the layer explains itself; a shell in a layer is judged by what it left there. */
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { proves } from './requirements.ts'
import { useTmux } from './tmux.ts'

const { nexus, window: windowAt, write } = useTmux()

test(proves('e explains as often as it is wanted, and runs nothing; any other key but y is a no', 'SAFE-1'), async () => {
  const window = windowAt(0)
  window.enter("nexus run --net example.com 'curl -X DELETE https://example.com/things/1; echo ra\"\"n'")
  await window.shows('Run it? [y/N, e explains]')
  window.press('e')
  const explained = await window.shows(/what it does[\s\S]*it cannot show[\s\S]*Run it\? \[y\/N, e explains\]\s*$/)
  for (const words of ['▲ dangerous', 'hard to take back', 'deletes on another machine or service', 'https://example.com/things/1']) expect(explained).toContain(words)
  window.press('n')
  const ended = await window.shows(/e explains\] no[\s\S]*ready> $/m)
  expect(ended).not.toMatch(/^ran$/m)
})

test(proves('a shell in the layer: what it holds afterwards is judged, and an apply wants the word', 'SAFE-2', 'RUN-4'), async () => {
  write('.git/HEAD', 'ref: refs/heads/main\n')
  const run = await nexus().run('--keep', 'echo 1 > a')
  expect(run.verdict).toMatchObject({ level: 'caution' })
  const window = windowAt(0)
  window.enter(`nexus shell ${run.id}`)
  await window.shows('nothing here reaches the host')
  window.enter('rm -rf .git; exit')
  await window.shows(/next: nexus apply/)
  const { run: sealed } = await nexus().json<{ run: Run }>('show', run.id)
  expect(sealed.verdict).toMatchObject({ level: 'critical', before: 'caution', confirm: true, reasons: [expect.stringContaining('it deleted the history'), expect.any(String)] })
  expect((await nexus().json<{ error: { code: string } }>('apply', run.id)).error.code).toBe('critical-unconfirmed')
})
