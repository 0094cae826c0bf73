/**
 * The shapes of every `--json` answer as published JSON Schema in protocol/schema/, made from the zod schemas.
 *   node e2e/schemas.ts        writes them; shapes.test.ts fails while they differ
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { loginLinkSchema } from '@nexus/protocol/access'
import { eventSchema } from '@nexus/protocol/events'
import { layersSchema } from '@nexus/protocol/layers'
import { PROBLEMS, type ProblemCode } from '@nexus/protocol/problem'
import { proofSchema } from '@nexus/protocol/proof'
import { receiptSchema } from '@nexus/protocol/receipt'
import { applyResultSchema, conflictReportSchema, diffSchema, mergedSchema, runSchema, runSummarySchema } from '@nexus/protocol/runs'
import { transcriptSchema } from '@nexus/protocol/transcripts'
import { keptSecretSchema } from '@nexus/protocol/secrets'
import { classifiedSchema, explanationSchema } from '@nexus/protocol/safety'
import { verificationSchema } from '@nexus/protocol/verify'
import { doctorSchema, gcResultSchema, killResultSchema, statusSchema } from '@nexus/protocol/system'

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]

/** The answer's name and its shape; which commands give it stands beside it. */
export const ANSWERS = {
  // run, rerun, show, discard, approve
  run: z.object({ run: runSchema }),
  runs: z.object({ runs: z.array(runSummarySchema), next: z.string().optional() }),
  diff: diffSchema.omit({ run: true }),
  layers: layersSchema,
  // apply, rollback
  applied: applyResultSchema,
  // conflicts
  conflicts: conflictReportSchema.omit({ run: true }),
  // apply --merge, --take, --keep, --skip: shown, not yet applied
  merged: mergedSchema.omit({ run: true }),
  // verify
  verification: z.object({ verification: verificationSchema }),
  // transcript
  transcript: transcriptSchema.omit({ run: true, next: true }),
  explanation: z.object({ explanation: explanationSchema }),
  // classify, one per line
  judgement: classifiedSchema,
  // status, daemon status
  status: z.discriminatedUnion('running', [
    statusSchema.extend({ running: z.literal(true) }),
    z.object({ running: z.literal(false), version: z.string(), home: z.string() }),
  ]),
  kill: killResultSchema.extend({ proofs: z.array(proofSchema).optional() }),
  // secret list, secret remove
  secrets: z.object({ secrets: z.array(keptSecretSchema) }),
  // secret set
  secret: z.object({ secret: keptSecretSchema }),
  // ports
  ports: z.object({ ports: statusSchema.shape.ports }),
  // kill RUN
  stopped: z.object({ run: runSchema, receipt: receiptSchema, proofs: z.array(proofSchema).optional() }),
  proof: z.object({ proof: proofSchema }),
  doctor: doctorSchema,
  gc: gcResultSchema,
  dashboard: loginLinkSchema,
  // one per line
  event: eventSchema,
  // daemon start, daemon restart, daemon stop
  daemon: z.discriminatedUnion('running', [
    z.object({ running: z.literal(true), pid: z.number(), url: z.string().nullable() }),
    z.object({ running: z.literal(false), stopped: z.boolean() }),
  ]),
  error: z.object({ error: z.object({ code: z.enum(codes), message: z.string(), next: z.string() }) }),
} satisfies Record<string, z.ZodType>

export const FOLDER = join(import.meta.dirname, '../protocol/schema')

/** File name -> text. Objects stay open: a later version may add a member, and a reader must not mind. */
export function publishedSchemas(): Record<string, string> {
  return Object.fromEntries(Object.entries(ANSWERS).map(([name, schema]) => [
    `${name}.json`, `${JSON.stringify({ title: `nexus --json: ${name}`, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2)}\n`,
  ]))
}

export function schemasOnDisk(): Record<string, string> {
  return Object.fromEntries(readdirSync(FOLDER).sort().map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]))
}

function write(): void {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of Object.entries(publishedSchemas())) writeFileSync(join(FOLDER, name), text)
}

if (import.meta.main) write()
