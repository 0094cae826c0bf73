/** The receipt of a kill on a terminal: what ended, what of the host was written, what may have left the machine. */
import type { Receipt, Written } from '@nexus/protocol/receipt'
import { hostWords, leftWords, reachWords, writtenWords } from '@nexus/protocol/receipt-words'
import { safe, safePath } from '@nexus/protocol/readable'
import { commandLine, duration, moment } from '@nexus/protocol/words'
import type { Theme } from './theme.ts'
import { cut, widthOf } from './width.ts'

const SHOWN_RUNS = 20
const SHOWN_PATHS = 5

export function receiptLines(receipt: Receipt, theme: Theme, width: number): string[] {
  const columns = Math.max(40, Math.min(width, 120))
  const fact = (name: string, words: string) => cut(`  ${name.padEnd(8)} ${words}`, columns)
  const began = receipt.runs.some(({ was }) => was !== 'queued')
  const reached = reachWords(receipt)
  const wrote = receipt.written.some(({ end }) => end !== 'undone')
  return [
    ...runLines(receipt, theme, columns),
    ...(began ? [theme.dim(fact('layers', 'are kept for a look: nexus show RUN'))] : []),
    (wrote ? theme.careful : receipt.written.length === 0 && receipt.sinceAt !== null ? theme.good : theme.dim)(fact('host', hostWords(receipt))),
    ...receipt.written.flatMap((one) => writtenLines(one, receipt.endedAt, theme, columns)),
    ...(reached === undefined ? [] : [theme.careful(fact('network', `${safe(reached)} could be reached; what went there is gone`))]),
  ]
}

function runLines({ runs, endedAt }: Receipt, theme: Theme, columns: number): string[] {
  const lines = runs.slice(0, SHOWN_RUNS).map((run) => {
    const left = leftWords(run)
    const head = `  ${run.id}  ${(run.startedAt === null ? '—' : duration(endedAt - run.startedAt)).padEnd(9)}  `
    const tail = left === undefined ? '' : `  ${safe(left)}`
    const command = cut(safe(commandLine(run.command)).replaceAll('\n', '↵'), Math.max(10, columns - widthOf(head) - widthOf(tail)))
    return `${head}${command}${run.isEnding || run.stuck ? theme.bad(tail) : theme.dim(tail)}`
  })
  return runs.length > SHOWN_RUNS ? [...lines, theme.dim(`  and ${runs.length - SHOWN_RUNS} more`)] : lines
}

function writtenLines(written: Written, now: number, theme: Theme, columns: number): string[] {
  const { writtenAt, end, paths, project } = written
  const paint = end === 'stuck' ? theme.bad : end === 'undone' ? theme.dim : theme.careful
  const shown = (paths ?? []).slice(0, SHOWN_PATHS)
  const more = (paths?.length ?? 0) - shown.length
  return [
    paint(cut(`    ${moment(writtenAt, now)}  ${writtenWords(written)}`, columns)),
    ...(end === 'undone' ? [] : [cut(`      in ${safe(project)}`, columns), ...shown.map((path) => cut(`      ${safePath(path)}`, columns)), ...(more > 0 ? [theme.dim(`      and ${more} more`)] : [])]),
  ]
}
