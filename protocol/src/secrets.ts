/** Credentials that Nexus keeps for runs. Their values go in and never come out again. */
import { z } from 'zod'
import { procedure, router, type Actor } from './trpc.ts'
import { VARIABLE_NAME } from './variable-name.ts'

const nameSchema = z.string().regex(VARIABLE_NAME, 'is no name of a variable')
export const keptSecretSchema = z.object({ name: z.string(), setAt: z.number() })
export type KeptSecret = z.infer<typeof keptSecretSchema>

/** The file they are kept in. */
export const storedSecretsSchema = z.record(z.string(), z.object({ value: z.string(), setAt: z.number() }))
export type StoredSecrets = z.infer<typeof storedSecretsSchema>

export interface SecretsService {
  list(): KeptSecret[]
  set(secret: { readonly name: string; readonly value: string }, actor: Actor): KeptSecret
  remove(name: string, actor: Actor): void
}

const all = z.object({ secrets: z.array(keptSecretSchema) })
/** Shorter ones cannot be told from ordinary words where they are taken out of output. */
const valueSchema = z.string().min(4).max(128 * 1024).refine((text) => !text.includes('\0'), 'holds a NUL')

export const secretsRouter = router({
  list: procedure.output(all).query(({ ctx }) => ({ secrets: ctx.secrets.list() })),
  set: procedure.input(z.object({ name: nameSchema, value: valueSchema })).output(z.object({ secret: keptSecretSchema })).mutation(({ ctx, input }) => ({ secret: ctx.secrets.set(input, ctx.actor) })),
  remove: procedure.input(z.object({ name: nameSchema })).output(all).mutation(({ ctx, input }) => {
    ctx.secrets.remove(input.name, ctx.actor)
    return { secrets: ctx.secrets.list() }
  }),
})
