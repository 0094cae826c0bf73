/** What came of an agent's work by its own records: asked of a reader in a process of its own, with an end to its patience. */
import { spawn } from 'node:child_process'
import { buffer as bytesOf, text as textOf } from 'node:stream/consumers'
import type { AgentWork } from '@nexus/protocol/transcripts'
import type { DiaryHead, DiaryOrder } from './read-diary.ts'

export interface ReadDiary {
  readonly work: Omit<AgentWork, 'name'>
  /** An entry per line; empty where there is none. */
  readonly lines: Buffer
}

const PATIENCE_MS = 20_000

/** Never rejects: what cannot be known is said so. */
export async function askReader(program: string, order: DiaryOrder, patienceMs = PATIENCE_MS): Promise<ReadDiary> {
  const child = spawn(process.execPath, ['--max-old-space-size=512', '--no-warnings', program], { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/', timeout: patienceMs, killSignal: 'SIGKILL' })
  const ended = new Promise<{ code: number | null; cause: string }>((resolve) => {
    child.on('error', (error) => resolve({ code: null, cause: error.message }))
    child.on('close', (code, signal) => resolve({ code, cause: signal ? 'reading them took too long' : `the reader ended with ${code}` }))
  })
  // A reader that is gone says so by how it ended.
  child.stdin.on('error', () => undefined).end(JSON.stringify(order))
  const [out, complaint, { code, cause }] = await Promise.all([bytesOf(child.stdout), textOf(child.stderr), ended])
  if (code !== 0) return unknown(`its records could not be read: ${complaint.split('\n').find((line) => /Error/.test(line)) ?? cause}`)
  const end = out.indexOf('\n')
  const head = headOf(out.subarray(0, end < 0 ? out.length : end).toString())
  if (!head.spent && !head.transcript) return unknown('it left no record of this run that Nexus can read')
  return { work: head, lines: end < 0 ? Buffer.alloc(0) : out.subarray(end + 1) }
}

export function unknown(why: string): ReadDiary {
  return { work: { unknown: why }, lines: Buffer.alloc(0) }
}

function headOf(line: string): DiaryHead {
  // Our own reader's words.
  return line === '' ? {} : (JSON.parse(line) as DiaryHead)
}
