/** The question after a run: one line of choices, drawn by Ink in a region of three rows. */
import { useState } from 'react'
import { Box, Text, useInput } from 'ink'
import type { Run } from '@nexus/protocol/runs'
import type { Bytes } from '@nexus/protocol/bytes'
import { DEAF_MS, draw } from './draw.ts'
import { useLatest } from './latest.ts'
import { PathList } from './path-list.tsx'

export type Answer = 'apply' | 'some' | 'diff' | 'shell' | 'keep' | 'discard' | 'rerun' | 'transcript'

interface CardChoice {
  readonly answer: Answer
  readonly key: string
  readonly label: string
  readonly hint: string
}

const CHOICES: readonly CardChoice[] = [
  { answer: 'apply', key: 'a', label: 'apply', hint: 'bring all of it to the host; nexus rollback takes it back' },
  { answer: 'some', key: 's', label: 'some', hint: 'choose the paths to apply' },
  { answer: 'diff', key: 'd', label: 'diff', hint: 'look at the patch' },
  { answer: 'shell', key: 'o', label: 'open shell', hint: 'a terminal inside the layer' },
  { answer: 'keep', key: 'k', label: 'keep', hint: 'decide later; nothing is applied' },
  { answer: 'discard', key: 'x', label: 'discard', hint: 'throw the layer away' },
]
/** Offered where the host has moved on since the run saw it. */
const RERUN: CardChoice = { answer: 'rerun', key: 'r', label: 're-run', hint: 'the same command on the host as it is now' }
/** Offered where an agent has left one. */
const TRANSCRIPT: CardChoice = { answer: 'transcript', key: 't', label: 'transcript', hint: 'what the agent said and did, by its own records' }
/** Habit: y applies, n and Esc and Ctrl-C keep. */
const ALIASES: Record<string, Answer> = { y: 'apply', n: 'keep' }
export interface CardProps {
  /** The host is not what the run saw. */
  readonly hasMoved?: boolean
  readonly hasTranscript?: boolean
  readonly onAnswer: (answer: Answer) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
}

export function Card({ hasMoved = false, hasTranscript = false, onAnswer, now }: CardProps) {
  const choices = [...CHOICES, ...(hasTranscript ? [TRANSCRIPT] : []), ...(hasMoved ? [RERUN] : [])]
  const [index, setIndex] = useLatest(() => 0)
  const [shownAt] = useState(now)
  const [explains, setExplains] = useState(false)
  useInput((input, key) => {
    if (key.leftArrow || key.upArrow) return setIndex((index() + choices.length - 1) % choices.length)
    if (key.rightArrow || key.downArrow || key.tab) return setIndex((index() + 1) % choices.length)
    if (now() - shownAt < DEAF_MS) return
    if (input === '?') return setExplains(!explains)
    if (key.return) return onAnswer(choices[index()]?.answer ?? 'keep')
    if (key.escape || (key.ctrl && (input === 'c' || input === 'd'))) return onAnswer('keep')
    const given = choices.find((choice) => choice.key === input)?.answer ?? ALIASES[input]
    if (given) onAnswer(given)
  })
  return (
    <Box flexDirection="column">
      <Box flexWrap="wrap" columnGap={2}>
        {choices.map((choice, at) => (
          <Text key={choice.answer} inverse={at === index()}>{` ${choice.key} ${choice.label} `}</Text>
        ))}
      </Box>
      {explains
        ? [...choices.map(({ key, label, hint }) => `${key}  ${label}: ${hint}`), 'y applies; n, Esc and Ctrl-C keep; arrows and Enter choose'].map((line) => <Text key={line} dimColor wrap="truncate">{line}</Text>)
        : <Text dimColor wrap="truncate">{`${choices[index()]?.hint ?? ''} · ? keys`}</Text>}
    </Box>
  )
}

/** Draws the card on stderr (stdout may be a pipe) and resolves with the answer; a closed terminal means keep. */
export async function askDecision(about: Pick<CardProps, 'hasMoved' | 'hasTranscript'>): Promise<Answer> {
  let answer: Answer = 'keep'
  await draw((done) => <Card {...about} now={() => performance.now()} onAnswer={(given) => { answer = given; done() }} />)
  return answer
}

/** Resolves with the chosen paths; none means back. */
export async function askPaths(run: Run): Promise<Bytes[]> {
  let chosen: Bytes[] = []
  await draw((done) => <PathList changes={run.changes} rows={(process.stderr.rows ?? 24) - 4} onChosen={(paths) => { chosen = paths; done() }} />)
  return chosen
}
