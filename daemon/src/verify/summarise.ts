/** What a check's output says, for people and programs: who ran, how many, which failed first and where. */
import { isAbsolute, join } from 'node:path'
import type { Failure, Summary } from '@nexus/protocol/verify'
import { plainLines } from './plain-lines.ts'
import { RUNNERS } from './summaries/index.ts'
import { sum } from './summaries/runner.ts'

const FAILURES_MAX = 20
const MESSAGE_MAX = 1000
const NAME_MAX = 300

export interface Place {
  readonly project: string
  /** Where the command ran, relative to the project. */
  readonly folder: string
}

/** Null: nothing in it is understood. `partial` says that the middle of the output is missing. */
export function summarise(output: string, { project, folder }: Place, partial = false): Summary | null {
  const lines = plainLines(output)
  const read = RUNNERS.flatMap((runner) => {
    const counted = runner.read(lines)
    return counted ? [{ name: runner.name, ...counted }] : []
  })
  if (read.length === 0) return null
  const total = (of: 'passed' | 'failed' | 'skipped') => sum(read.map((counted) => counted[of]))
  return {
    runner: [...new Set(read.map(({ name }) => name))].join(' + '),
    passed: total('passed'), failed: total('failed'), skipped: total('skipped'),
    failures: read.flatMap(({ failures }) => failures).slice(0, FAILURES_MAX).map((failure) => tidy(failure, { project, folder })), partial,
  }
}

function tidy({ name, file, line, message }: Failure, place: Place): Failure {
  return {
    name: name.slice(0, NAME_MAX), ...(file === undefined ? {} : { file: pathIn(file, place) }),
    ...(line === undefined ? {} : { line }), message: message.slice(0, MESSAGE_MAX),
  }
}

/** Runners name files from where they ran, or from the root of the machine. */
function pathIn(file: string, { project, folder }: Place): string {
  const path = file.replace(/^file:\/\//, '')
  if (isAbsolute(path)) return path.startsWith(`${project}/`) ? path.slice(project.length + 1) : path
  return join(folder, path)
}
