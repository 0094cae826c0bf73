/** Settings: what a machine, a user and a project ask of runs, and what of it is in force. */
import { z } from 'zod'
import { durationMs, sizeBytes } from './amounts.ts'
import { parseNetRules } from './net-rule.ts'
import { procedure, router, type Actor } from './trpc.ts'
import { VARIABLE_NAME } from './variable-name.ts'

const size = z.union([z.string(), z.number()]).transform((value, context) => amount(sizeBytes(String(value)), context, 'a size such as 512MiB or 2GB, or none'))
const duration = z.string().transform((value, context) => amount(durationMs(value), context, 'a duration such as 90s, 10m or 1h, or none'))
const rules = z.string().transform((word, context) => {
  const parsed = parseNetRules([word])
  if ('fault' in parsed) context.addIssue(parsed.fault)
  return word
})
const none = z.literal('none').transform(() => null)

function amount(value: number | null, context: { addIssue(issue: string): void }, wanted: string): number {
  if (value === null) context.addIssue(`expected ${wanted}`)
  return value ?? 0
}

/** One settings file. Every limit may be `none`. */
export const settingsFileSchema = z.strictObject({
  limits: z.strictObject({
    /** All memory of a run's processes together. */
    memory: z.union([none, size]),
    processes: z.union([none, z.int().min(1)]),
    /** Processors' worth of time, such as 1.5. */
    cpus: z.union([none, z.number().positive()]),
    /** From start to end. */
    time: z.union([none, duration]),
    /** Written to the layer, the private home and /tmp. */
    disk: z.union([none, size]),
    /** Files, folders and links made there. */
    files: z.union([none, z.int().min(1)]),
    /** Of stdout and stderr that is stored. */
    output: z.union([none, size]),
  }).partial().optional(),
  /** Names of variables that go into every run where the caller has them; in the machine's file: all that may. */
  environment: z.array(z.string().regex(VARIABLE_NAME, 'is not the name of a variable')).optional(),
  secrets: z.strictObject({
    /** Files like .env: seen as they are, empty, (auto) empty as soon as the run can reach any host, or not to be opened. */
    files: z.enum(['show', 'mask', 'auto', 'deny']),
  }).partial().optional(),
  network: z.strictObject({
    /** What runs may reach when they do not say; in the machine's file: all that any run may ever reach. */
    allow: z.array(rules),
  }).partial().optional(),
  /** Agents besides those that Nexus knows, by name. Not in a project's file: who runs an agent decides what it is. */
  agents: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'a name of small letters, digits and hyphens'), z.strictObject({
    /** The program, and the words that keep it from asking. */
    command: z.array(z.string()).min(1),
    /** What it may reach, as rules of the network. */
    hosts: z.array(rules).default([]),
    /** Variables of the caller's that are its own: keys, endpoints. */
    keys: z.array(z.string().regex(VARIABLE_NAME, 'the name of a variable')).default([]),
  })).optional(),
  sandbox: z.strictObject({
    /** May commands make user namespaces, as browsers do for their own sandbox? It widens what an attacker can try on the kernel. */
    nested: z.boolean(),
  }).partial().optional(),
})
export type SettingsFile = z.infer<typeof settingsFileSchema>

/** Null: no limit. */
export const limitsSchema = z.object({
  memoryBytes: z.number().nullable(), processes: z.number().nullable(), cpus: z.number().nullable(), timeMs: z.number().nullable(), diskBytes: z.number().nullable(), files: z.number().nullable().default(null), outputBytes: z.number().nullable(),
})
export type Limits = z.infer<typeof limitsSchema>

/** A place in a settings file that cannot be used; what the file said before stays in force. */
export const faultSchema = z.object({ path: z.string(), line: z.number(), column: z.number(), what: z.string() })
export type Fault = z.infer<typeof faultSchema>

export const settingsSchema = z.object({
  project: z.string(),
  limits: limitsSchema,
  nestedSandboxes: z.boolean(),
  environment: z.array(z.string()),
  secretFiles: z.enum(['show', 'mask', 'auto', 'deny']),
  network: z.object({
    /** Rules, presets spelled out: what a run reaches that does not say. */
    allow: z.array(z.string()),
    /** What no run passes; null where the machine's file does not say. */
    ceiling: z.array(z.string()).nullable(),
  }),
  /** Of the machine's file and the user's. */
  agents: z.record(z.string(), z.object({ command: z.array(z.string()), hosts: z.array(z.string()), keys: z.array(z.string()) })),
  sources: z.array(z.object({
    kind: z.enum(['managed', 'user', 'project']), path: z.string(), found: z.boolean(),
    /** Of a project: may it loosen what the user has? */
    trusted: z.boolean().optional(),
  })),
  faults: z.array(faultSchema),
  /** What a project that is not trusted asked for and did not get. */
  refused: z.array(z.object({ setting: z.string(), asked: z.string(), inForce: z.string() })),
})
export type EffectiveSettings = z.infer<typeof settingsSchema>

const place = z.object({ cwd: z.string(), project: z.string().optional() })
export type SettingsPlace = z.infer<typeof place>

export interface SettingsService {
  show(place: SettingsPlace): EffectiveSettings
  /** From now on the project's file may also loosen what the user has (never what the machine's has). */
  trust(place: SettingsPlace, trusted: boolean, actor: Actor): EffectiveSettings
}

export const settingsRouter = router({
  show: procedure.input(place).output(settingsSchema).query(({ ctx, input }) => ctx.settings.show(input)),
  trust: procedure.input(place.extend({ trusted: z.boolean() })).output(settingsSchema).mutation(({ ctx, input }) => ctx.settings.trust(input, input.trusted, ctx.actor)),
})
