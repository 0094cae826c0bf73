/** Beside a run that may ask: a host that no rule names is shown, one key answers, silence is a no. */
import { setTimeout as pause } from 'node:timers/promises'
import { ANSWER_WORDS } from '@nexus/protocol/answer-words'
import type { NetAnswer, Question, QuestionNews } from '@nexus/protocol/network'
import { safe } from '@nexus/protocol/readable'
import type { Invocation } from './command.ts'
import { subscribe } from './daemon/stream.ts'
import { withKeys } from './screen/keys.ts'

/** A key that was meant for something else must not be a yes. */
const DEAF_MS = 300
const BREATH_MS = 30
const KEYS: Readonly<Record<string, NetAnswer>> = { o: 'once', r: 'run', d: 'deny', n: 'deny', '\u001B': 'deny' }
const CTRL_C = '\u0003'

/** What somebody else has answered before us, in another client. */
class AnsweredElsewhere {
  readonly answer: NetAnswer | null

  constructor(answer: NetAnswer | null) {
    this.answer = answer
  }
}

/** How a question ended here: by our answer, by another client's (the reason of `signal`), or by nobody's. */
export function endWords(answer: NetAnswer | undefined, signal: AbortSignal): string {
  const reason: unknown = signal.reason
  if (answer !== undefined) return ANSWER_WORDS[answer]
  return reason instanceof AnsweredElsewhere && reason.answer !== null ? `${ANSWER_WORDS[reason.answer]}, in another place` : 'denied: no answer'
}

/** Undefined: the time for it is over, or nobody asks any more. */
export type AskOne = (question: Question, signal: AbortSignal) => Promise<NetAnswer | undefined>

export interface Attention {
  /** Leaves what the command has just printed as it is. */
  readonly freshLine: () => void
  readonly signal: AbortSignal
}

/** Until the run has ended or `signal` aborts; what goes wrong here is the run's to tell. */
export async function answerQuestions(invocation: Invocation, run: string, ask: AskOne, signal: AbortSignal): Promise<void> {
  const open = new Map<number, AbortController>()
  const inTurn = async (question: Question, over: AbortSignal) => {
    // What was settled meanwhile is told in the same breath, as at the end of the run.
    await pause(BREATH_MS)
    if (over.aborted) return
    const answer = await ask(question, over)
    if (answer !== undefined) await invocation.client.questions.answer.mutate({ run, question: question.id, answer })
  }
  let turn = Promise.resolve()
  for await (const news of subscribe<QuestionNews>(invocation.home.socket, 'questions.follow', { run }, signal)) {
    if (signal.aborted) break
    if (news.type === 'over') {
      open.get(news.id)?.abort(new AnsweredElsewhere(news.answer))
      open.delete(news.id)
      continue
    }
    const over = new AbortController()
    open.set(news.id, over)
    turn = turn.then(() => inTurn(news, AbortSignal.any([signal, over.signal])))
    // Looked at when the run has ended; until then it must not pass for a bug that nobody caught.
    turn.catch(() => undefined)
  }
  await turn
}

export async function askOne({ tell, errorTheme }: Invocation, { host, port, until }: Question, { freshLine, signal }: Attention): Promise<NetAnswer | undefined> {
  freshLine()
  tell(`${errorTheme.careful('network')} the command wants to reach ${errorTheme.strong(`${safe(host)}:${port}`)}, which is not on its list:  ${['o allow once', 'r for this run', 'd deny'].join('  ')}`)
  const shownAt = performance.now()
  const answered = Promise.withResolvers<NetAnswer | undefined>()
  const silence = setTimeout(() => answered.resolve(undefined), Math.max(0, until - Date.now()))
  const leave = () => answered.resolve(undefined)
  signal.addEventListener('abort', leave, { once: true })
  try {
    const answer = await withKeys((keys) => {
      const key = keys.toString().toLowerCase()
      // A raw terminal sends no signal by itself.
      if (key === CTRL_C) {
        answered.resolve('deny')
        process.kill(process.pid, 'SIGINT')
      } else if (KEYS[key] !== undefined && performance.now() - shownAt >= DEAF_MS) answered.resolve(KEYS[key])
    }, () => answered.promise)
    freshLine()
    tell(errorTheme.dim(`  ${endWords(answer, signal)}`))
    return answer
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', leave)
  }
}
