/** The question after a run: one line of choices, drawn by Ink in a region of three rows. */
import { useState } from 'react'
import { Box, render, Text, useApp, useInput } from 'ink'
import type { Run } from '@nexus/protocol/runs'
import { PathList, type PathListProps } from './path-list.tsx'

export type Answer = 'apply' | 'some' | 'diff' | 'shell' | 'keep' | 'discard'

const CHOICES: readonly { answer: Answer; key: string; label: string; hint: string }[] = [
  { answer: 'apply', key: 'a', label: 'apply', hint: 'bring all of it to the host; nexus rollback takes it back' },
  { answer: 'some', key: 's', label: 'some', hint: 'choose the paths to apply' },
  { answer: 'diff', key: 'd', label: 'diff', hint: 'look at the patch' },
  { answer: 'shell', key: 'o', label: 'open shell', hint: 'a terminal inside the layer' },
  { answer: 'keep', key: 'k', label: 'keep', hint: 'decide later; nothing is applied' },
  { answer: 'discard', key: 'x', label: 'discard', hint: 'throw the layer away' },
]
/** Habit: y applies, n and Esc and Ctrl-C keep. */
const ALIASES: Record<string, Answer> = { y: 'apply', n: 'keep' }
/** A key that was meant for the command must not answer: nothing is accepted so soon after the card appears. */
export const DEAF_MS = 300

export interface CardProps {
  readonly onAnswer: (answer: Answer) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
}

export function Card({ onAnswer, now }: CardProps) {
  const [index, setIndex] = useState(0)
  const [shownAt] = useState(now)
  const { exit } = useApp()
  const answer = (given: Answer) => {
    onAnswer(given)
    exit()
  }
  useInput((input, key) => {
    if (key.leftArrow || key.upArrow) return setIndex((index + CHOICES.length - 1) % CHOICES.length)
    if (key.rightArrow || key.downArrow || key.tab) return setIndex((index + 1) % CHOICES.length)
    if (now() - shownAt < DEAF_MS) return
    if (key.return) return answer(CHOICES[index]?.answer ?? 'keep')
    if (key.escape || (key.ctrl && (input === 'c' || input === 'd'))) return answer('keep')
    const given = CHOICES.find((choice) => choice.key === input)?.answer ?? ALIASES[input]
    if (given) answer(given)
  })
  return (
    <Box flexDirection="column">
      <Box flexWrap="wrap" columnGap={2}>
        {CHOICES.map((choice, at) => (
          <Text key={choice.answer} inverse={at === index}>{` ${choice.key} ${choice.label} `}</Text>
        ))}
      </Box>
      <Text dimColor>{CHOICES[index]?.hint ?? ''}</Text>
    </Box>
  )
}

/** Draws the card on stderr (stdout may be a pipe) and resolves with the answer; a closed terminal means keep. */
export async function askDecision(_run: Run): Promise<Answer> {
  let answer: Answer = 'keep'
  await draw(<Card now={() => performance.now()} onAnswer={(given) => { answer = given }} />)
  return answer
}

/** Resolves with the chosen paths; none means back. */
export async function askPaths(run: Run): Promise<PathListProps['changes'][number]['path'][]> {
  let chosen: PathListProps['changes'][number]['path'][] = []
  await draw(<PathList changes={run.changes} rows={(process.stderr.rows ?? 24) - 4} onChosen={(paths) => { chosen = paths }} />)
  return chosen
}

async function draw(tree: React.ReactElement): Promise<void> {
  const app = render(tree, { stdout: process.stderr, exitOnCtrlC: false, patchConsole: false })
  await app.waitUntilExit()
  app.clear()
  app.cleanup()
}
