/** Text that a start-up file or a table of jobs will run: judged as if it ran now. */
import type { Shell } from './shell.ts'

const SCHEDULE = /^\s*(@(reboot|yearly|annually|monthly|weekly|daily|hourly|midnight)|(\S+\s+){4}\S+(?=\s))\s+/
const UNIT = /^\s*Exec(Start|StartPre|StartPost|Stop|Reload)\s*=\s*[-@+!]*/

export function runLater(text: string, shell: Shell, isRoot = shell.isRoot): void {
  const before = shell.scene.effects.length
  runLines(text, shell, isRoot)
  // Whoever owns that host says, again and again, what this machine does.
  if (shell.scene.effects.slice(before).some(({ kind }) => kind === 'exec.remote')) shell.does('backdoor', 'system', { target: 'what a host serves', note: 'will fetch and run, again and again, whatever a host serves by then' })
}

function runLines(text: string, shell: Shell, isRoot: boolean): void {
  for (const line of text.split('\n').slice(0, 40)) {
    if (/^\s*(#|$|\[|[A-Z][A-Za-z]+=(?!.*Exec))/.test(line) && !UNIT.test(line)) continue
    if (UNIT.test(line)) shell.run(line.replace(UNIT, ''), { isRoot })
    else if (/^\s*([\d*/,-]+\s+){4}[\d*/,A-Za-z-]+\s/.test(line) || /^\s*@\w+\s/.test(line)) shell.run(line.replace(SCHEDULE, '').replace(/^root\s+/, ''), { isRoot })
    else if (/^\s*(alias|export|\w+\s+\S|[./\w-]+$)/.test(line) && !/^(ssh-|ecdsa-|sk-|[A-Za-z]+:|\w+\s+ALL)/.test(line)) shell.run(line, { isRoot })
  }
}
