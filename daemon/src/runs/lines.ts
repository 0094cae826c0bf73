/** A command line as it may be stored and shown: without the secrets that are in it. What runs is what was typed. */
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { RunRequest } from '@nexus/protocol/runs'
import type { KnownSecret, Secrets } from '../secrets/secrets.ts'

export type Lines = Pick<RunRequest, 'command' | 'check'>
export type Redact = Secrets['redacted']

export function cleaned({ command, check }: Lines, clean: (text: string) => string): { readonly lines: Lines; readonly isRedacted: boolean } {
  // Ten thousand names of files have no secret in them: one look for all.
  const all = [...command, check ?? ''].join('\n')
  if (clean(all) === all) return { lines: { command, ...(check === undefined ? {} : { check }) }, isRedacted: false }
  const lines = { command: command.map(clean), ...(check === undefined ? {} : { check: clean(check) }) }
  return { lines, isRedacted: lines.check !== check || lines.command.some((word, at) => word !== command[at]) }
}

/** Its reasons quote the command. */
export function cleanedVerdict(verdict: RunVerdict, clean: (text: string) => string): RunVerdict {
  return { ...verdict, reasons: verdict.reasons.map(clean), ...(verdict.leaves ? { leaves: verdict.leaves.map(clean) } : {}) }
}

export function cleaner(redact: Redact, known: readonly KnownSecret[]): (text: string) => string {
  return (text) => {
    const { bytes, count } = redact(Buffer.from(text), known)
    return count === 0 ? text : bytes.toString()
  }
}
