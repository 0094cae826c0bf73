/**
 * A process of its own that reads what an agent has left in its home. The agent may have written anything there: what
 * never ends, takes all memory or breaks a parser ends this process and not the daemon.
 */
import { text as textOf } from 'node:stream/consumers'
import { AGENTS } from './agents/index.ts'
import { readDiary, type DiaryOrder } from './agents/read-diary.ts'
import { redacted } from './secrets/secrets.ts'

const order = JSON.parse(await textOf(process.stdin)) as DiaryOrder
const diary = AGENTS.find(({ name }) => name === order.agent)?.diary
if (diary) {
  const { head, lines } = readDiary(diary, order, (text) => {
    const { bytes, count } = redacted(Buffer.from(text), order.known)
    return { text: bytes.toString(), count }
  })
  process.stdout.write([JSON.stringify(head), ...lines].join('\n'))
}
