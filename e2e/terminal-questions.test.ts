/** What a run asks of the person beside it while it runs: at its own terminal, at ours, and of somebody who comes later. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { proves } from './requirements.ts'
import { useTmux } from './tmux.ts'

const { window: windowAt, nexus } = useTmux()

test.each([['--no-pty', ['r', 'd']], ['', ['C-] r', 'C-] n']]])(proves('a host that no rule names is asked about: for this run, or no; the record says who answered (%s)', 'RUN-9'), async (option, [yes = '', no = '']) => {
  const window = windowAt(0)
  // .invalid is no name of anybody's: allowed is not found, denied is forbidden.
  window.enter(`nexus run ${option} --net npm 'for host in yes no yes no; do curl -s -o /dev/null -w "$host %{http_code} " http://$host.invalid/; done'`)
  for (const [host, keys, says] of [['yes', yes, 'allowed for this run'], ['no', no, 'denied']] as const) {
    await window.shows(`wants to reach ${host}.invalid:80`)
    await sleep(500)
    // On a terminal of its own a key alone is the command's.
    if (option === '') window.type('r')
    window.press(...keys.split(' '))
    await window.shows(says)
  }
  await window.shows(/yes 502[^]*no 403[^]*yes 502 no 403[^]*exit 0[^]*unchanged[^]*ready> /)
  expect(window.screen().match(/wants to reach/g)).toHaveLength(2)
  const { run } = await nexus().json<{ run: Run }>('show', 'last')
  expect(run.denials).toMatchObject([{ target: 'no.invalid:80', count: 2, reason: 'refused' }])
  const { stdout } = await nexus().call('events', '--json')
  expect(stdout.split('\n').filter((line) => line.includes('"run.network-answered"') && line.includes(run.id))).toHaveLength(2)
  // With --json nobody is asked, and nobody waits.
  expect((await nexus().run('--net', 'npm', 'curl -s -o /dev/null -w "%{http_code}" http://yes.invalid/')).stdout).toBe('403')
})

test(proves('who comes back to a run is asked what it wants to know', 'RUN-9'), async () => {
  const window = windowAt(0)
  window.enter(`nexus run --detach --net npm 'read go; curl -s -o /dev/null -w "answer %{http_code} " http://later.invalid/; read end'`)
  await window.shows('next: nexus stop')
  window.enter('nexus attach last')
  await window.shows('attached to')
  await sleep(500)
  window.press('Enter')
  await window.shows('wants to reach later.invalid:80')
  await sleep(300)
  window.press('C-]', 'o')
  await window.shows('allowed once')
  await window.shows('answer 502')
  window.press('Enter')
  await window.shows('exit 0')
})
