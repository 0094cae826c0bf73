/**
 * The change set: what a run would do to the project, path by path, and the digest that an approval names.
 */
import { z } from 'zod'

export const bytesSchema = z.union([z.string(), z.object({ base64: z.base64() })])

/** What a path is, before or after. Sizes and times that need 64 bits are decimal strings, modes octal strings. */
export const signatureSchema = z.object({
  type: z.enum(['file', 'directory', 'symlink', 'fifo', 'socket', 'character-device', 'block-device']),
  /** Permission bits with setuid, setgid and sticky, e.g. "0644". */
  mode: z.string(),
  /** Bytes; 0 for anything that is not a file. */
  size: z.number(),
  mtimeNs: z.string(),
  /** Of a file's content, hex. */
  sha256: z.string().optional(),
  linkTarget: bytesSchema.optional(),
  uid: z.number(),
  gid: z.number(),
})
export type Signature = z.infer<typeof signatureSchema>

export const changeKindSchema = z.enum(['added', 'modified', 'deleted', 'renamed', 'type', 'meta'])
export type ChangeKind = z.infer<typeof changeKindSchema>

/**
 * `auto-exec`: the path runs by itself later (git hooks and config, .envrc, CI files, package.json scripts …).
 * Paths with a flag of BLOCKING_FLAGS are never applied by --apply or policy alone; `hardlink` only when named.
 */
export const changeFlagSchema = z.enum([
  'auto-exec', 'nexus-settings', 'setuid', 'hardlink', 'special', 'git-internal', 'outside-symlink', 'base-moved', 'xattrs', 'unreadable',
])
export type ChangeFlag = z.infer<typeof changeFlagSchema>

export const changeSchema = z.object({
  path: bytesSchema,
  kind: changeKindSchema,
  /** The old path of a rename. */
  from: bytesSchema.optional(),
  before: signatureSchema.optional(),
  after: signatureSchema.optional(),
  flags: z.array(changeFlagSchema),
})
export type Change = z.infer<typeof changeSchema>

export const countsSchema = z.object({
  added: z.number(), modified: z.number(), deleted: z.number(), renamed: z.number(), type: z.number(), meta: z.number(),
})
export type Counts = z.infer<typeof countsSchema>

/**
 * Why a path was not applied or rolled back: what the run saw (`expected`), what the host has (`found`), what would be
 * written (`after`). A side that is absent is nothing at all: no file there, or the file would be deleted.
 */
export const conflictSchema = z.object({
  path: bytesSchema,
  reason: z.enum(['changed', 'appeared', 'vanished', 'parent', 'base-moved', 'not-empty', 'hardlink', 'special', 'io']),
  expected: signatureSchema.optional(),
  found: signatureSchema.optional(),
  after: signatureSchema.optional(),
  detail: z.string().optional(),
})
export type Conflict = z.infer<typeof conflictSchema>

/**
 * What a person decides about a path in conflict. `take`: the run's version replaces the host's, whose pre-image is
 * kept. `keep`: the host's stays, for good. `skip`: undecided, left for a later apply.
 */
export const choiceSchema = z.enum(['merge', 'take', 'keep', 'skip'])
export type Choice = z.infer<typeof choiceSchema>

/** Whether the lines of both sides can be joined: `clean`, with `overlaps` that only a person can settle, or not at all. */
export const mergeStateSchema = z.enum(['clean', 'overlaps', 'none'])

/** A conflict that waits for a decision, with what may be decided. */
export const openConflictSchema = conflictSchema.extend({
  merge: mergeStateSchema,
  /** Stretches of lines that both sides changed. */
  overlaps: z.number().optional(),
  /** Why there is no merge, in words. */
  why: z.string().optional(),
  choices: z.array(choiceSchema),
  /**
   * Unified diffs. From what the run saw: `host`, to what the host has, and `run`, to what the run wrote; both absent when
   * what it saw is not known. From what the host has: `taken`, to what the run wrote, and `merged`, to the merge, with
   * markers where lines overlap.
   */
  patches: z.object({ host: z.string().optional(), run: z.string().optional(), taken: z.string(), merged: z.string().optional() }).optional(),
})
export type OpenConflict = z.infer<typeof openConflictSchema>

export const resolvedSchema = z.object({ path: bytesSchema, choice: choiceSchema })
export type Resolved = z.infer<typeof resolvedSchema>

/** Something a run left in its private home or /tmp: shown, never applied. */
export const outsideSchema = z.object({ path: bytesSchema, size: z.number() })
export type Outside = z.infer<typeof outsideSchema>
