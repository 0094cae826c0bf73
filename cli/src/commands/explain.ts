/** `nexus explain [--json] [--shell S] -- CMD`: what a command would do, and how much of that matters. Nothing is run. */
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import { commandLine } from '@nexus/protocol/words'
import type { Dialect } from '@nexus/protocol/safety'
import { text, type Invocation } from '../command.ts'
import { explanationLines } from '../screen/explanation.ts'

const SHELLS: readonly Dialect[] = ['bash', 'sh', 'zsh', 'fish', 'powershell', 'cmd']

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, cwd, theme } = invocation
  const project = text(invocation, 'project')
  const shell = shellIn(text(invocation, 'shell'))
  const explanation = await client.safety.explain.query({ command: commandLine(words), cwd, ...(shell === undefined ? {} : { shell }), ...(project === undefined ? {} : { project }) })
  if (json) print(JSON.stringify({ explanation }))
  else for (const line of explanationLines(explanation, theme, Math.min(process.stdout.columns ?? 80, 100))) print(line)
  return EXIT.ok
}

function shellIn(given: string | undefined): Dialect | undefined {
  const found = SHELLS.find((one) => one === given)
  if (given !== undefined && found === undefined) throw new Problem('usage', { what: `--shell is ${SHELLS.join(', ')}, not "${given}"`, topic: 'explain' })
  return found
}
