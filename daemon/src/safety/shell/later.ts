/** Text that a start-up file or a table of jobs will run: judged as if it ran now. */
import type { Shell } from './shell.ts'

const SCHEDULE = /^\s*(@(reboot|yearly|annually|monthly|weekly|daily|hourly|midnight)|(\S+\s+){4}\S+(?=\s))\s+/
const WRITABLE = /^\/(tmp|var\/tmp|dev\/shm)\//
const UNIT = /^\s*Exec(Start|StartPre|StartPost|Stop|Reload)\s*=\s*[-@+!]*/

export function runLater(text: string, shell: Shell, isRoot = shell.isRoot): void {
  const before = shell.scene.effects.length
  runLines(text, shell, isRoot)
  const found = shell.scene.effects.slice(before)
  // Whoever owns that host says, again and again, what this machine does.
  if (found.some(({ kind }) => kind === 'exec.remote')) shell.does('backdoor', 'system', { target: 'what a host serves', note: 'will fetch and run, again and again, whatever a host serves by then' })
  // Anybody may put another file there.
  if (isRoot && found.some(({ kind, target }) => kind === 'exec.unknown' && WRITABLE.test(target))) shell.does('backdoor', 'system', { target: 'a file in a temporary folder', note: 'root will run, again and again, a file that anybody may replace' })
}

function runLines(text: string, shell: Shell, isRoot: boolean): void {
  for (const line of text.split('\n').slice(0, 40)) {
    if (/^\s*(#|$|\[|[A-Z][A-Za-z]+=(?!.*Exec))/.test(line) && !UNIT.test(line)) continue
    if (UNIT.test(line)) shell.run(line.replace(UNIT, ''), { isRoot })
    else if (/^\s*([\d*/,-]+\s+){4}[\d*/,A-Za-z-]+\s/.test(line) || /^\s*@\w+\s/.test(line)) shell.run(line.replace(SCHEDULE, '').replace(/^root\s+/, ''), { isRoot })
    else if (/^\s*(alias|export|\w+\s+\S|[./\w-]+$)/.test(line) && !/^(ssh-|ecdsa-|sk-|[A-Za-z]+:|\w+\s+ALL)/.test(line)) shell.run(line, { isRoot })
  }
}
