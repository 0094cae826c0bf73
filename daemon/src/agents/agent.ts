/** An agent of somebody else's as data: its program, how it is told never to ask, where it must reach, what it brings along. */

import type { Diary } from './diary.ts'

export interface Agent {
  readonly name: string
  readonly title: string
  readonly program: string
  /** The package by which npm brings it; absent for agents from the settings. */
  readonly install?: string
  /** Its words in its own never-ask mode: inside a layer nothing it does reaches the host, so nothing it does needs a question. */
  readonly words: (args: readonly string[]) => readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Rules as for `--net`: its models, and where it logs in. */
  readonly hosts: readonly string[]
  /** Variables of the caller's that are its own: keys, endpoints, the model. */
  readonly keys: readonly string[]
  /** Files of its home that it finds at its very first start, by their path in the home; never written again. */
  readonly home: Readonly<Record<string, string>>
  /** Absent: nothing is known of where it writes down what it does. */
  readonly diary?: Diary
}

/** The first word that is no option, where options with a value are named. */
export function verbIn(args: readonly string[], withValue: readonly string[] = []): { readonly verb: string | undefined; readonly at: number } {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? ''
    if (word === '--') break
    if (!word.startsWith('-')) return { verb: word, at }
    if (withValue.includes(word)) at += 1
  }
  return { verb: undefined, at: -1 }
}
