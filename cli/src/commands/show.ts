/** `nexus show RUN` */
import { fromBytes } from '@nexus/protocol/bytes'
import { flag, named, type Invocation } from '../command.ts'
import { outlets, takeOutput } from '../output.ts'
import { safe } from '@nexus/protocol/readable'
import { TerminalText } from '../screen/terminal-text.ts'
import { nextSteps, summaryLines } from '../screen/summary.ts'
import { commandLine, day } from '@nexus/protocol/words'

const SHOWN_LINES = 40

export async function run(invocation: Invocation): Promise<number> {
  const { client, words, json, print, theme } = invocation
  const { run: shown } = await client.runs.get.query(named(invocation, words[0] ?? ''))
  if (flag(invocation, 'output') && !json) {
    const { take, end } = outlets()
    await takeOutput(invocation, shown.id, { take, setsPace: false })
    await end()
    return 0
  }
  if (json) {
    print(JSON.stringify({ run: shown }))
    return 0
  }
  print(`${theme.accent(safe(commandLine(shown.command)))}  ${theme.dim(safe(shown.cwd))}`)
  for (const line of summaryLines(shown, theme, { all: true })) print(line)
  for (const stream of ['stdout', 'stderr'] as const) {
    const text = new TerminalText({ colours: theme.isColoured })
    const lines = (text.take(fromBytes(shown[stream])) + text.end()).split('\n')
    if (lines.at(-1) === '') lines.pop()
    if (lines.length === 0) continue
    print(theme.dim(`  ${stream}${lines.length > SHOWN_LINES ? `, last ${SHOWN_LINES} of ${lines.length} lines (nexus show ${shown.id} --output: all)` : ''}:`))
    for (const line of lines.slice(-SHOWN_LINES)) print(`  ${theme.dim('│')} ${line.replaceAll('\r', '\\r').replaceAll('\b', '\\x08')}`)
  }
  if (shown.digest) print(theme.dim(`  digest ${shown.digest}`))
  if (shown.pinned) print(theme.dim(`  pinned: it stays until nexus pin ${shown.id} --release`))
  else if (shown.expiresAt !== undefined) print(theme.dim(`  its layer is kept until ${day(shown.expiresAt)}; longer: nexus pin ${shown.id}`))
  for (const step of nextSteps(shown)) print(`  ${theme.dim('next:')} ${step}`)
  return 0
}
