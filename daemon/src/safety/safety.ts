/**
 * Safety: what a command would do, told before it runs. A line is parsed, its words are expanded as far as they can be
 * known, every program in it is looked up in the models (`programs/`), and a table (`risk.ts`) gives each effect a level.
 * Always true here: nothing is run and nothing is read from the disk; what is not understood is never safe.
 */
import type { Classified, ClassifyRequest, Explanation, ExplainRequest, Judgement, SafetyService } from '@nexus/protocol/safety'
import { classifyLineSchema } from '@nexus/protocol/safety'
import { BYTES_MAX } from './scene.ts'
import { explain } from './explain.ts'
import { Models } from './models.ts'
import { PROGRAMS } from './programs/index.ts'
import { told } from './told.ts'
import { verdictOf, type Question, type Verdict } from './verdict.ts'

export interface SafetyParts {
  readonly userHome: string
  /** Throws Problem where there is no such directory. */
  readonly projectOf: (cwd: string, project: string | undefined) => string
  /** Milliseconds, for how long judging took. */
  readonly now: () => number
}

const ECHO_MAX = 16 * 1024

export class Safety implements SafetyService {
  readonly #parts: SafetyParts
  readonly #models = new Models(PROGRAMS)

  constructor(parts: SafetyParts) {
    this.#parts = parts
  }

  /** A pure function of the question. */
  verdictOf(question: Question): Verdict {
    return verdictOf(question, this.#models)
  }

  explain({ command, shell, cwd, project }: ExplainRequest): Explanation {
    const { userHome, projectOf } = this.#parts
    const verdict = this.verdictOf({ command, shell, cwd, project: projectOf(cwd, project), home: userHome })
    return explain(command, verdict, this.#models)
  }

  classify({ lines, from }: ClassifyRequest): Classified[] {
    return lines.map((line, at) => this.#classifyLine(line, from + at))
  }

  #classifyLine(line: string, number: number): Classified {
    let parsed: unknown
    try {
      parsed = JSON.parse(line)
    } catch (error) {
      return badLine(number, error instanceof Error ? error.message : 'not JSON')
    }
    const item = classifyLineSchema.safeParse(parsed)
    if (!item.success) return badLine(number, item.error.issues.map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`).join('; '))
    return this.#judge(item.data)
  }

  #judge(question: Question): Judgement {
    const { now } = this.#parts
    const beganAt = now()
    const { level, effects, reasons } = this.verdictOf(question)
    const ms = Math.round((now() - beganAt) * 1000) / 1000
    // Beyond what is judged a command is not repeated in full either.
    const command = question.command.length > BYTES_MAX ? `${question.command.slice(0, ECHO_MAX)}…` : question.command
    return { command, level, effects: effects.map(told), reasons: [...reasons], ms }
  }
}

function badLine(line: number, message: string): Classified {
  return { error: { code: 'bad-line', message: message.slice(0, 300) }, line }
}
