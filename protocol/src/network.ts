/** What a run may reach, what it asked for and did not get, and the question that a person beside it is asked. */
import { z } from 'zod'

/** off: nothing. on: all of the host's network. Else rules as in net-rule.ts: these hosts and no others. */
export const netSchema = z.union([z.enum(['off', 'on']), z.array(z.string()).min(1).max(400)])
export type Net = z.infer<typeof netSchema>

export const denialSchema = z.object({
  kind: z.enum(['network']),
  /** HOST:PORT */
  target: z.string(),
  host: z.string(),
  port: z.number(),
  /** How often it was tried. */
  count: z.number(),
  /** not-listed: no rule names the host; port: a rule names the host, not this port; private: the name leads to an address
   *  that is not public; refused: a person was asked and said no, or nothing. */
  reason: z.enum(['not-listed', 'port', 'private', 'refused']),
  /** The reason in words. */
  why: z.string(),
  /** The words that would allow it, as a command line; absent where no list entry would. */
  allow: z.string().optional(),
})
export type Denial = z.infer<typeof denialSchema>

/** A run wants to go where no rule leads; it waits for the answer until `until`, then it is a no. */
export const questionSchema = z.object({ id: z.number(), host: z.string(), port: z.number(), until: z.number() })
export type Question = z.infer<typeof questionSchema>

/** once: the connections that wait now. run: from now on, as long as this run lasts. */
export const answerSchema = z.enum(['once', 'run', 'deny'])
export type NetAnswer = z.infer<typeof answerSchema>

/** Told to everybody who stands beside the run; `over` with null: nobody has answered in time. */
export type QuestionNews = ({ readonly type: 'asked' } & Question) | { readonly type: 'over'; readonly id: number; readonly answer: NetAnswer | null }
