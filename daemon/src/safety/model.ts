/**
 * How a program is described: as data, in lines of a small language of rules.
 *
 *   VERB [TARGET…] [if CONDITION…] [# NOTE]
 *
 * VERB      see VERBS in rule.ts: `read`, `write`, `delete-tree`, `look`, `update`, `destroy-all`, `install`, …; `stop` ends the
 *           list; `values -o --out` names options of a sub-command that take a value.
 * TARGET    of paths: `@` all operands, `first`, `last`, `init` (all but the last), `rest` (all but the first), `.` the directory, `-o|--out`
 *           the value of an option, `=/path`.
 * CONDITION all must hold: `-f|--force` one of these options, `--mode=x`, `--mode~regex`, `=word` an operand, `/regex/` an operand that fits, `last~regex` the last one,
 *           `none`, `some`, `bare` (no words at all), `secret` an operand that names a credential, `downloaded` one that came from the network on the way, `root`, `piped`, each with `!` in front for its opposite.
 */
import type { Call } from './call.ts'
import type { Level } from './effect.ts'
import type { Flow } from './text.ts'

export type Rules = string | readonly string[]

export interface Model {
  /** Names it is called by, between blanks. */
  readonly names: string
  /** What it is for, as it continues "this command …". */
  readonly what: string
  /** Options that take a value as the next word. */
  readonly values?: string
  /** `long`: `-name` is one option, as Go, Java and find have it; `slash`: `/s`; `pwsh`: `-Name`, cut short, any case. */
  readonly style?: 'gnu' | 'long' | 'slash' | 'pwsh'
  readonly rules?: Rules
  /** By the words that follow the name, `|` between equals: `'remote add|remote rename': 'change'`. */
  readonly subs?: Readonly<Record<string, Rules>>
  /** Words that no entry of `subs` knows are judged by their verbs (`list-…`, `delete-…`), or by `rules`. */
  readonly grammar?: 'verbs' | undefined
  /** What it prints: what it read (`filter`), what it fetched (`download`), or nothing that could be secret (the default). */
  readonly prints?: 'filter' | 'download' | undefined
  /** Stands in a project under this name: `./gradlew`. */
  readonly isLocal?: boolean
  /** What to do instead, by sub-command ('' for all). */
  readonly safer?: Readonly<Record<string, string>>
  /** What rules cannot say. Returns what it prints. */
  readonly run?: (call: Call) => Flow | undefined
  /** Looks at every call, whatever sub-command it is. */
  readonly also?: (call: Call) => void
  /** `--help` and `--version` belong to something else: it starts other programs. */
  readonly isWrapper?: boolean
  /** A command and its level, each run as a test. */
  readonly examples: Readonly<Record<string, Level>>
}
