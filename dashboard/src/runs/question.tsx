/**
 * A run wants to go where no rule leads, and waits for whoever looks at it: once, for this run, or no. Whoever answers first,
 * here or at the terminal, has answered for all.
 */
import { useEffect, useState } from 'react'
import { ANSWER_WORDS } from '@nexus/protocol/answer-words'
import type { NetAnswer, Question, QuestionNews } from '@nexus/protocol/network'
import { safe } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { problemOf } from '../daemon/calls.ts'
import { useKeys } from '../page/keys.ts'
import { useNexus } from '../page/nexus.ts'
import { useNow } from '../page/now.ts'

/** What was meant for something else that stood here must not be a yes. */
const DEAF_MS = 500

export function Questions({ run }: { readonly run: Pick<Run, 'id' | 'status'> }) {
  const open = useOpenQuestions(run)
  const [first, ...others] = open
  return first ? <Card key={first.id} run={run.id} question={first} more={others.length} /> : null
}

/** Only a page that is seen counts as somebody who stands beside the run. */
function useOpenQuestions({ id, status }: Pick<Run, 'id' | 'status'>): readonly Question[] {
  const { stream, say } = useNexus()
  const [open, setOpen] = useState<readonly Question[]>([])
  const isSeen = useIsSeen()
  const isLive = status === 'running' || status === 'queued'
  useEffect(() => {
    if (!isLive || !isSeen) return undefined
    const asked = new Map<number, Question>()
    const forget = () => {
      asked.clear()
      setOpen([])
    }
    const hear = (news: QuestionNews) => {
      const before = asked.get(news.id)
      if (news.type === 'asked') asked.set(news.id, news)
      else if (asked.delete(news.id) && before) say(`${safe(before.host)}: ${news.answer === null ? 'denied, nobody has answered' : ANSWER_WORDS[news.answer]}`)
      setOpen([...asked.values()])
    }
    // After a break everything that is still open is told again.
    const stop = stream.follow({ procedure: 'questions.follow', input: () => { forget(); return { run: id } }, onData: (data) => hear(data as QuestionNews), onEnd: forget, onProblem: forget })
    return () => {
      stop()
      forget()
    }
  }, [stream, id, isLive, isSeen, say])
  return open
}

function useIsSeen(): boolean {
  const [isSeen, setSeen] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const look = () => setSeen(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return isSeen
}

function Card({ run, question: { id, host, port, until }, more }: { readonly run: string; readonly question: Question; readonly more: number }) {
  const { calls, say } = useNexus()
  const [shownAt] = useState(() => performance.now())
  const [isSending, setSending] = useState(false)
  const left = Math.max(0, Math.ceil((until - useNow(1000)) / 1000))
  const answer = async (given: NetAnswer) => {
    if (isSending || performance.now() - shownAt < DEAF_MS) return
    setSending(true)
    try {
      const { taken } = await calls.questions.answer.mutate({ run, question: id, answer: given })
      if (!taken) say('It was answered already.')
    } catch (error) {
      const { message, next } = problemOf(error)
      say(`${message}. ${next}`, 'bad')
      setSending(false)
    }
  }
  useKeys({ '1': () => void answer('once'), '2': () => void answer('run'), '3': () => void answer('deny') })
  return (
    <section className="question" aria-label="A question of this run">
      <p role="alert">It wants to reach <strong className="mono">{safe(host)}:{port}</strong>, which is not on its list, and waits.</p>
      <p className="answers">
        <button type="button" disabled={isSending} onClick={() => void answer('once')}>Allow once <kbd aria-hidden="true">1</kbd></button>
        <button type="button" disabled={isSending} onClick={() => void answer('run')}>Allow for this run <kbd aria-hidden="true">2</kbd></button>
        <button type="button" disabled={isSending} onClick={() => void answer('deny')}>Deny <kbd aria-hidden="true">3</kbd></button>
        <span className="quiet">No answer within {left} s is a no.{more > 0 && ` ${more} more ${more === 1 ? 'waits' : 'wait'}.`}</span>
      </p>
    </section>
  )
}
