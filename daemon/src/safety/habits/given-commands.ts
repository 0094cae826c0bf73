/**
 * Options whose value is a command: a pager, a preview, a hook. Many programs have one, few models say so; the value is read as shell
 * text, and what harm it would do is done by the program. What is harmless or no command at all is no news.
 */
import type { Effect } from '../effect.ts'
import type { Shell } from '../shell/shell.ts'
import { isKnown } from '../text.ts'

const EVERYWHERE = /^--(pager|pre|preview|rsh|rsh-command|to-command|(use-)?compress-program|(use-)?askpass|(password|passphrase|proxy|ssh|token)-?command|on-(download|bt-download)-\w+|editor|become-exe|info-script|new-volume-script|rmt-command|unzip-command|(pre|post|deploy|renew|manual-auth|manual-cleanup)-hook|upload-pack|receive-pack|exec|exec-path|open-files-in-pager|script-shell|extcmd|tool-cmd|sendmail-cmd|browser|become|wrapper|launcher)$/
const OWN: Readonly<Record<string, readonly string[]>> = { man: ['-P', '-H'], apropos: ['-P'], split: ['--filter'], tcpdump: ['-z'], git: ['-u', '-O'], less: ['-o'], logrotate: ['-m'], mutt: ['-e'], mysql: ['--pager'], mail: ['-~'], rclone: ['--sftp-ssh'], ncdu: ['-e'], fzf: ['--bind', '--preview'] }
const HARM: ReadonlySet<Effect['level']> = new Set(['dangerous', 'critical'])
/** What only says that a text is not understood says nothing of a value that may be no command. */
const VAGUE: ReadonlySet<Effect['kind']> = new Set(['unknown', 'exec.unknown', 'config'])

export function judgeGiven(name: string, words: readonly string[], shell: Shell): void {
  const own = OWN[name] ?? []
  for (const [at, word] of words.entries()) {
    if (!word.startsWith('-')) continue
    const [option = '', joined] = word.split(/=(.*)/s)
    if (!own.includes(option) && !EVERYWHERE.test(option)) continue
    const value = (joined ?? words[at + 1] ?? '').replace(/^[\w-]+:(?:execute|become|reload|transform)(?:-silent|-multi)?\((.*)\)$/s, '$1')
    if (!isKnown(value)) continue
    if (/\s/.test(value)) shell.scene.effects.push(...harmOf(value, shell))
    else if (value.startsWith('/') && shell.place(value).scope === 'temp' && /shell|pager|exec|rsh|askpass|command|editor|hook|wrapper|launcher/.test(option)) shell.does('exec.unknown', 'unknown', { target: value, note: `runs a file that nobody has reviewed (${option})` })
  }
}

function harmOf(text: string, shell: Shell): Effect[] {
  const effects: Effect[] = []
  shell.inside({ scene: { ...shell.scene, effects, stages: [] } }).run(text)
  return effects.filter(({ level, kind }) => HARM.has(level) && !VAGUE.has(kind))
}
