/**
 * Safety: what a command would do, before it runs. Nothing is run and no file of the command is looked at; the answer
 * follows from its text alone.
 */
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

/** From harmless to catastrophic; docs/verdicts.md defines the four. */
export const levelSchema = z.enum(['safe', 'caution', 'dangerous', 'critical'])
export type Level = z.infer<typeof levelSchema>

export const dialectSchema = z.enum(['bash', 'sh', 'zsh', 'fish', 'powershell', 'cmd'])
export type Dialect = z.infer<typeof dialectSchema>

/** Offsets into the command: from, and the one after the last. */
const spanSchema = z.tuple([z.number(), z.number()])

export const effectSchema = z.object({
  /** What is done: `fs.delete`, `remote.write`, `secret.send`, … */
  kind: z.string(),
  /** Where it lands: `project`, `home`, `system`, `remote`, `unknown`, … */
  scope: z.string(),
  amount: z.enum(['one', 'many', 'all']),
  target: z.string(),
  /** yes: one ordinary command takes it back; effort: from version control or by building again; no: it is gone. */
  reversibility: z.enum(['yes', 'effort', 'no']),
  certainty: z.enum(['certain', 'assumed']),
  level: levelSchema,
  program: z.string(),
  span: spanSchema,
})
export type VerdictEffect = z.infer<typeof effectSchema>

export const judgementSchema = z.object({
  command: z.string(),
  level: levelSchema,
  effects: z.array(effectSchema),
  /** In words, the deciding ones first. */
  reasons: z.array(z.string()),
  /** What judging took. */
  ms: z.number(),
})
export type Judgement = z.infer<typeof judgementSchema>

/** One line of `nexus classify`: the judgement, or in its place what is wrong with the line. */
export const classifiedSchema = z.union([judgementSchema, z.object({ error: z.object({ code: z.literal('bad-line'), message: z.string() }), line: z.number() })])
export type Classified = z.infer<typeof classifiedSchema>

export const explanationSchema = z.object({
  command: z.string(),
  shell: dialectSchema,
  level: levelSchema,
  reasons: z.array(z.string()),
  /** What each command in it does, in order; `depth` > 0 stands inside `sh -c`, `eval` and the like. */
  stages: z.array(z.object({ span: spanSchema, text: z.string(), what: z.string(), depth: z.number(), level: levelSchema, does: z.array(z.string()) })),
  effects: z.array(effectSchema),
  /** What no command takes back. */
  final: z.array(z.string()),
  /** What a run in a layer shows beforehand, and what it cannot show. */
  layer: z.object({ shows: z.array(z.string()), cannot: z.array(z.string()) }),
  /** Gentler ways to the same end. */
  safer: z.array(z.string()),
})
export type Explanation = z.infer<typeof explanationSchema>

export const explainRequestSchema = z.object({ command: z.string(), shell: dialectSchema.optional(), cwd: z.string(), project: z.string().optional() })
export type ExplainRequest = z.infer<typeof explainRequestSchema>

/** One line of input: JSON with these members. */
export const classifyLineSchema = z.object({ command: z.string(), shell: dialectSchema.optional(), cwd: z.string().optional() })

/** Lines as they were read; `from` is the number of the first one. */
export const classifyRequestSchema = z.object({ lines: z.array(z.string()).max(2000), from: z.number().int().positive() })
export type ClassifyRequest = z.infer<typeof classifyRequestSchema>

export interface SafetyService {
  explain(request: ExplainRequest): Explanation
  /** One answer per line, in order; never throws for what a line holds. */
  classify(request: ClassifyRequest): Classified[]
}

export const safetyRouter = router({
  explain: procedure.input(explainRequestSchema).output(explanationSchema).query(({ ctx, input }) => ctx.safety.explain(input)),
  classify: procedure.input(classifyRequestSchema).output(z.object({ answers: z.array(classifiedSchema) })).mutation(({ ctx, input }) => ({ answers: ctx.safety.classify(input) })),
})
