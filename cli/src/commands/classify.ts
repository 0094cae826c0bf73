/**
 * `nexus classify`: JSON lines `{command, shell?, cwd?}` in, one line per line out, in order. A contract for other
 * programs: docs/verdicts.md. Memory stays bounded: lines go in batches, and the next is read when the last is written.
 */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Classified } from '@nexus/protocol/safety'
import type { Invocation } from '../command.ts'
import { write } from '../output.ts'

const BATCH_LINES = 256
const BATCH_BYTES = 512 * 1024
/** A longer line is answered, not read. */
const LINE_MAX = 256 * 1024

export async function run({ client }: Invocation): Promise<number> {
  let lines: string[] = []
  let bytes = 0
  let from = 1
  const flush = async () => {
    if (lines.length === 0) return
    const { answers } = await client.safety.classify.mutate({ lines, from })
    from += lines.length
    lines = []
    bytes = 0
    await write(process.stdout, Buffer.from(answers.map((answer: Classified) => `${JSON.stringify(answer)}\n`).join('')))
  }
  for await (const line of linesOf(process.stdin)) {
    lines.push(line)
    bytes += line.length
    if (lines.length >= BATCH_LINES || bytes >= BATCH_BYTES) await flush()
  }
  await flush()
  return EXIT.ok
}

/** What stands instead of a line that is too long: no JSON, so the daemon answers it as such. */
const TOO_LONG = `longer than ${LINE_MAX / 1024} KB`

/** Lines of any stream; of one that never ends only so much is kept. */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  let rest = ''
  let isTooLong = false
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      yield isTooLong || part.length > LINE_MAX ? TOO_LONG : part.replace(/\r$/, '')
      isTooLong = false
    }
    if (rest.length > LINE_MAX) {
      isTooLong = true
      rest = ''
    }
  }
  rest += decoder.decode()
  if (rest !== '' || isTooLong) yield isTooLong ? TOO_LONG : rest.replace(/\r$/, '')
}
