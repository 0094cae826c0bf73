/** The question before a run that leaves the layer: one key says why, and the question comes again. */
import { expect, test } from 'vitest'
import { proves } from './requirements.ts'
import { useTmux } from './tmux.ts'

const { window: windowAt } = useTmux()

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
