/** Variables that make other programs run something: setting them is running it. */
import { isKnown } from '../text.ts'
import type { Shell } from './shell.ts'

/** Variables that other programs run, or that change which code they load. */
const RUNS = /^(PAGER|GIT_PAGER|MANPAGER|EDITOR|VISUAL|GIT_EDITOR|GIT_SEQUENCE_EDITOR|GIT_SSH|GIT_SSH_COMMAND|GIT_EXTERNAL_DIFF|GIT_ASKPASS|SSH_ASKPASS|SUDO_ASKPASS|PROMPT_COMMAND|LESSOPEN|LESSCLOSE|BROWSER|GIT_PROXY_COMMAND|PS4|RSYNC_RSH)$/
const LOADS = /^(LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|DYLD_INSERT_LIBRARIES|BASH_ENV|ENV|PERL5OPT|RUBYOPT|PYTHONSTARTUP|PROMPT)$/

export function judgeEnvironment(name: string, value: string, shell: Shell): void {
  if (value === '' || shell.depth > 8) return
  const program = shell.program
  if (LOADS.test(name)) {
    shell.program = name
    if (name === 'LD_LIBRARY_PATH' || name === 'ENV' || name === 'PROMPT') return
    shell.does('exec.unknown', 'unknown', { target: value, note: `${name} makes programs load other code` })
  } else if (RUNS.test(name) && isKnown(value) && /[\s;|&$`]/.test(value)) shell.run(value)
  else if ((RUNS.test(name) || name === 'ENV') && isKnown(value) && /^[./~]/.test(value) && shell.place(value).scope === 'temp') shell.does('exec.unknown', 'unknown', { target: value, note: `${name} names a file that nobody has reviewed` })
  else if ((name === 'HISTFILE' && value === '/dev/null') || (/^HIST(FILE)?SIZE$/.test(name) && value === '0')) shell.does('audit.off', 'audit', { target: 'the history of this shell' })
  else if (name === 'PATH' && value.split(':').some((folder) => ['', '.', './'].includes(folder) || (isKnown(folder) && shell.place(folder).scope === 'temp'))) shell.does('exec.unknown', 'unknown', { target: value, note: 'runs what lies in a temporary or present folder in the place of any program' })
  shell.program = program
}
