/** What a run wants to know of whoever stands beside it; no answer in time is a no. */
import type { NetAnswer, Question, QuestionNews } from '@nexus/protocol/network'
import { Bell, untilRung } from '../base/bell.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'

const PATIENCE_MS = 45_000
/** A command that asks and asks must not make a yes the shortest way. */
const QUESTIONS_MAX = 25

interface Open {
  readonly question: Question
  readonly answer: (given: NetAnswer) => void
}

export class Questions {
  readonly #now: () => number
  readonly #bell = new Bell()
  readonly #open = new Map<number, Open>()
  /** Everything that was told, in order: at most two pieces per question. */
  readonly #news: QuestionNews[] = []
  #count = 0
  #followers = 0
  /** Its terminal is on its way to us: nobody else need be there. */
  #isExpected: boolean
  #isOver = false

  constructor(now: () => number, isExpected: boolean) {
    this.#now = now
    this.#isExpected = isExpected
  }

  /** `nobody`: there is none who could be asked, or too often was. */
  async ask(host: string, port: number): Promise<NetAnswer | 'nobody'> {
    if (this.#isOver || this.#count >= QUESTIONS_MAX || (this.#followers === 0 && !this.#isExpected)) return 'nobody'
    const id = ++this.#count
    const { promise, resolve } = Promise.withResolvers<NetAnswer>()
    const patience = setTimeout(() => this.#end(id, null), PATIENCE_MS)
    const question = { id, host, port, until: this.#now() + PATIENCE_MS }
    this.#open.set(id, { question, answer: resolve })
    this.#tell({ type: 'asked', ...question })
    try {
      return await promise
    } finally {
      clearTimeout(patience)
    }
  }

  /** False: it is not open any more. */
  answer(id: number, given: NetAnswer): boolean {
    return this.#end(id, given)
  }

  question(id: number): Question | undefined {
    return this.#open.get(id)?.question
  }

  /** Those that are open, then each as it comes and goes. */
  async *follow(signal: AbortSignal | undefined): AsyncGenerator<QuestionNews> {
    this.#followers += 1
    this.#isExpected = false
    try {
      for (let told = this.#firstOpen(); !signal?.aborted; ) {
        const rung = this.#bell.next()
        const wasOver = this.#isOver
        while (told < this.#news.length) {
          const news = this.#news[told]
          told += 1
          if (news) yield news
        }
        if (wasOver) return
        await untilRung(rung, signal)
      }
    } finally {
      this.#followers -= 1
    }
  }

  /** The run has ended: nobody waits for an answer. */
  end(): void {
    for (const id of this.#open.keys()) this.#end(id, null)
    this.#isOver = true
    this.#bell.ring()
  }

  #end(id: number, answer: NetAnswer | null): boolean {
    const open = this.#open.get(id)
    if (!open) return false
    this.#open.delete(id)
    this.#tell({ type: 'over', id, answer })
    open.answer(answer ?? 'deny')
    return true
  }

  #tell(news: QuestionNews): void {
    this.#news.push(news)
    this.#bell.ring()
  }

  /** Who comes later hears nothing of what was settled before the oldest open question. */
  #firstOpen(): number {
    const at = this.#news.findIndex((news) => news.type === 'asked' && this.#open.has(news.id))
    return at < 0 ? this.#news.length : at
  }
}

interface Parts {
  readonly ledger: Ledger
  readonly live: LiveRuns
}

export async function* questionsOf({ ledger, live }: Parts, id: string, signal: AbortSignal | undefined): AsyncGenerator<QuestionNews> {
  // A run in the queue asks nothing yet.
  while (live.get(id) && !live.get(id)?.launch && !signal?.aborted) await untilRung(ledger.changed(), signal)
  const questions = live.get(id)?.questions
  if (questions) yield* questions.follow(signal)
}

/** False: it is not open any more. */
export function answerQuestion({ ledger, live }: Parts, id: string, { question, given }: { question: number; given: NetAnswer }, actor: string): boolean {
  const questions = live.get(id)?.questions
  const asked = questions?.question(question)
  if (!asked || !questions?.answer(question, given)) return false
  ledger.note(id, 'run.network-answered', actor, {}, { host: asked.host, port: asked.port, answer: given })
  return true
}
