/** A program that no model describes: what its words say, never less than caution. */
import { sorted, type Call } from '../call.ts'
import type { Started } from '../carry-out.ts'
import { asksForHelp } from '../help-asked.ts'
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { cmdletRun } from './powershell.ts'
import { judgeStatements } from './sql.ts'
import { byVerbs, changesNothing, spoken } from './verbs.ts'

/** The verbs that PowerShell allows. */
const CMDLET = /^(Get|Set|New|Remove|Add|Clear|Start|Stop|Restart|Invoke|Import|Export|Copy|Move|Rename|Write|Read|Test|Select|Where|ForEach|Sort|Out|ConvertTo|ConvertFrom|Enable|Disable|Install|Uninstall|Register|Unregister|Update|Expand|Compress|Format|Measure|Join|Split|Resolve|Suspend|Resume|Wait|Connect|Disconnect|Grant|Revoke|Publish|Find|Save|Initialize|Mount|Dismount|Reset|Repair|Send|Receive|Unblock|Block|Show|Hide|Push|Pop|Enter|Exit|Debug|Use|Tee|Limit|Backup|Restore|Optimize|Resize|Convert|Compare|Group|Trace|Checkpoint|Undo|Switch|Merge|Approve|Deny|Protect|Unprotect|Lock|Unlock|Sync|Submit|Complete|Confirm|Request|Skip|Step|Watch|Close|Open|Redo|Ping|Edit|Search|Assert)-[A-Z]/i

/** Its own name says what it is for. */
const ENDS = /(^|[-_.])(uninstall|destroy|wipe|nuke|purge|erase|delete|teardown|shred|unprovision|killall)([-_.]|$)/i

const RECKLESS = ['--force', '--purge', '--delete', '--destroy', '--wipe', '--erase', '--remove', '--nuke', '--reset', '--clean-all', '--hard', '--no-preserve-root', '--drop', '--prune', '--overwrite', '--truncate', '--uninstall']

export function judgeUnknown({ name, words, stdin, shell }: Started): Flow {
  shell.stage([name, ...words], 'runs a program that Nexus does not know')
  if (asksForHelp(words, words.length < 3)) return NOTHING
  if (/^[A-Za-z]+-[A-Za-z0-9]{2,}$/.test(name) && CMDLET.test(name)) return cmdletRun({ name, words, ...sorted(words, new Set(), 'pwsh'), stdin, shell, model: { names: name, what: '', style: 'pwsh', examples: {} } })
  const { flags, operands } = sorted(words, new Set())
  const call: Call = { name, words, flags, operands, stdin, shell, model: { names: name, what: '', examples: {} } }
  const { verb } = spoken(operands)
  if (stdin.isSecret) shell.does('secret.send', 'unknown', { target: name, certainty: 'assumed', note: `hands a secret to ${name}, which is not known` })
  // Whatever it is, it is given statements for a database.
  judgeStatements(call)
  if (verb === 'destroy' || verb === 'write') byVerbs(call)
  else if (!changesNothing(call)) shell.does('unknown', ENDS.test(name) || RECKLESS.some((flag) => flags.has(flag)) ? 'unknown' : 'none', { target: name, note: `${name} is not known` })
  return { ...UNKNOWN_FLOW, isDownloaded: stdin.isDownloaded }
}
