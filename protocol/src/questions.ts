/** Questions: what a run wants to know of whoever stands beside it. */
import { z } from 'zod'
import { namedRun, type NamedRun } from './named-run.ts'
import { answerSchema, type NetAnswer, type QuestionNews } from './network.ts'
import { procedure, router, type Actor } from './trpc.ts'

export interface QuestionsService {
  /** As they come and go, until the run has ended. Who follows stands beside the run: without anybody there, a run that has no terminal is not asked about. */
  questions(named: NamedRun, signal: AbortSignal | undefined): AsyncIterable<QuestionNews>
  /** False: somebody else has answered, or nobody did in time. */
  answer(named: NamedRun, question: number, answer: NetAnswer, actor: Actor): boolean
}

export const questionsRouter = router({
  follow: procedure.input(namedRun).subscription(async function* ({ ctx, input, signal }) {
    yield* ctx.runs.questions(input, signal)
  }),
  answer: procedure.input(namedRun.extend({ question: z.number().int(), answer: answerSchema })).output(z.object({ taken: z.boolean() }))
    .mutation(({ ctx, input }) => ({ taken: ctx.runs.answer(input, input.question, input.answer, ctx.actor) })),
})
