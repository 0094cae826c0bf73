/** The shells that are understood. */
import type { Interpreter } from '../scene.ts'
import { BASH } from '../shell/interpret.ts'
import { CMD } from './cmd.ts'
import { FISH } from './fish.ts'
import { looksLikeCmd, looksLikePowerShell } from './guess.ts'
import { POWERSHELL } from './powershell.ts'
import { ZSH } from './zsh.ts'

const INTERPRETERS = { bash: BASH, sh: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL, cmd: CMD } as const satisfies Record<string, Interpreter>

export type Dialect = keyof typeof INTERPRETERS

export function interpreterFor(dialect: Dialect): Interpreter {
  return INTERPRETERS[dialect]
}

/** Where the caller does not say. */
export function dialectOf(command: string): Dialect {
  if (looksLikePowerShell(command)) return 'powershell'
  return looksLikeCmd(command) ? 'cmd' : 'bash'
}
