/**
 * The journal of one apply or rollback: an append-only file of JSON lines, `<state>/applies/<run>-<n>.journal`.
 *
 *   {"journal":"nexus","version":1,"run","direction","project","stage","backups","digest","at","undoes"}
 *   {"paths":[…]}            what it decides
 *   {"step":{…}}  …          what it does, path by path
 *   {"folder":{…}}  …        directories whose mode and time are set at the end
 *   {"mark":"planned","at"}  flushed before the first byte outside the state folder
 *   {"mark":"staged","at"}   contents and pre-images are on the disk; from here on the host changes
 *   {"mark":"undoing","at"}  something stood in the way: from here on the host is put back
 *   {"mark":"done","at"}     or "undone"; then "settled" once the caller has heard of it
 *
 * A line cut off by a crash is no line. The marks alone decide what recovery does.
 */
import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChangesParts } from './changes.ts'
import { flushAbove } from './flush-above.ts'
import { STAGE_PREFIX } from './hidden.ts'
import { folderLine, folderOf, parseLine, stepLine, stepOf, VERSION, type Header, type Line, type Mark } from './journal-lines.ts'
import type { Plan } from './plan.ts'

/** Holds every mark after `planned`. */
const TAIL_BYTES = 512
/** Nearly every first line is shorter. */
const HEADER_BYTES = 8 * 1024
/** Empty lines that later marks are written over: a disk that is full by then still takes them. */
const ROOM = '\n'.repeat(256)

export interface Journal {
  /** Its file's name without the ending. */
  readonly name: string
  readonly plan: Plan
  readonly marks: ReadonlySet<Mark>
  /** The name of the staging folder in the project's root. */
  readonly stage: string
  /** The folder of its pre-images. */
  readonly backups: string
}

/** All journals of a state folder. */
export class Journals {
  readonly #folder: string
  readonly #backups: string
  readonly #now: () => number
  readonly #relieved: NonNullable<ChangesParts['relieved']>

  constructor(state: string, now: () => number, relieved: ChangesParts['relieved'] = (work) => work()) {
    this.#relieved = relieved
    this.#folder = join(state, 'applies')
    this.#backups = join(state, 'backups')
    this.#now = now
  }

  /** Writes a whole plan and flushes it. */
  write(plan: Plan): Journal {
    flushAbove(this.#folder, fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 }))
    const number = 1 + Math.max(0, ...this.#names().filter((name) => runOf(name) === plan.run).map(numberOf))
    const name = `${plan.run}-${number}`
    const journal = { name, plan, marks: new Set<Mark>(['planned']), stage: `${STAGE_PREFIX}${plan.run}`, backups: this.#backupsOf(name) }
    const header: Header = {
      journal: 'nexus', version: VERSION, run: plan.run, direction: plan.direction, project: plan.project, stage: journal.stage, backups: journal.backups,
      digest: plan.digest, at: this.#now(), undoes: plan.undoes,
    }
    const lines: Line[] = [
      header, { paths: plan.paths }, ...plan.steps.map((step) => ({ step: stepLine(step) })), ...plan.folders.map((folder) => ({ folder: folderLine(folder) })),
      { mark: 'planned', at: this.#now() },
    ]
    const descriptor = fs.openSync(this.#path(name), 'ax', 0o600)
    try {
      // Not `writeSync`: on a disk that becomes full it may write less than it was given.
      fs.writeFileSync(descriptor, lines.map((line) => `${JSON.stringify(line)}\n`).join('') + ROOM)
      fs.fsyncSync(descriptor)
    } catch (error) {
      fs.rmSync(this.#path(name), { force: true })
      throw error
    } finally {
      fs.closeSync(descriptor)
    }
    this.#flushFolder()
    return journal
  }

  /** Appends a mark; flushed unless losing it only costs a look. */
  mark(name: string, mark: Mark): void {
    this.#relieved(() => this.#append(name, mark))
  }

  #append(name: string, mark: Mark): void {
    const descriptor = fs.openSync(this.#path(name), 'r+')
    try {
      // A line cut off by a crash must not swallow this one.
      writeAt(descriptor, `\n${JSON.stringify({ mark, at: this.#now() })}\n`, endOf(descriptor))
      if (mark !== 'settled') fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  /** Oldest first. What is not a journal (or was cut off before its plan was whole) has no plan to carry out. */
  all(run?: string): Journal[] {
    const names = this.#names().filter((name) => run === undefined || runOf(name) === run)
    return names.sort((a, b) => (runOf(a) < runOf(b) ? -1 : runOf(a) > runOf(b) ? 1 : numberOf(a) - numberOf(b))).flatMap((name) => this.#read(name) ?? [])
  }

  /** The end of a plan that was carried out. */
  async finish(journal: Journal): Promise<void> {
    this.mark(journal.name, 'done')
    await this.sweep(journal)
  }

  /**
   * After a rollback neither its own pre-images nor those that it put back are of more use; and those are still names
   * of the host's own files, which would look hard-linked. Harmless when it was done before.
   */
  async sweep({ plan, backups }: Journal): Promise<void> {
    if (plan.direction !== 'rollback') return
    for (const folder of [backups, ...plan.undoes.map((name) => this.#backupsOf(name))]) await letGo(folder)
  }

  /** The host is as before: nothing to roll back, nothing to keep. */
  async forsake({ name, backups }: Journal): Promise<void> {
    this.mark(name, 'undone')
    await letGo(backups)
  }

  /**
   * At a start: what was let go may still be there, when a daemon died right after the mark, or be there again, when the
   * power failed before its removal had reached the disk. It is second names of the host's own files.
   */
  async sweepAgain(): Promise<void> {
    const kept = new Set(fs.existsSync(this.#backups) ? fs.readdirSync(this.#backups) : [])
    const names = this.#names().filter((name) => kept.has(runOf(name)))
    for (const name of new Set(names.flatMap((each) => this.#letGoBy(each)))) await letGo(this.#backupsOf(name))
  }

  /** The journals whose pre-images are of no more use with the end that this one has. */
  #letGoBy(name: string): readonly string[] {
    const tail = this.#tail(name)
    if (tail.includes('"mark":"undone"')) return [name]
    const header = tail.includes('"mark":"done"') ? this.#header(name) : undefined
    return header?.direction === 'rollback' ? [name, ...header.undoes] : []
  }

  /** After its pre-images: a journal without them is a refusal, pre-images without it are garbage. */
  forget(run: string): void {
    for (const name of this.#names()) if (runOf(name) === run) fs.rmSync(this.#path(name), { force: true })
  }

  /** Names of the journals whose end the caller may not know yet, by the last lines alone: plans can be large. */
  unsettled(run?: string): string[] {
    return this.#names().filter((name) => (run === undefined || runOf(name) === run) && !/"mark":"(settled|undone)"/.test(this.#tail(name)))
  }

  /** Every journal with the times of its later marks, by the last lines alone. */
  ends(): { readonly name: string; readonly marks: ReadonlyMap<Mark, number> }[] {
    return this.#names().map((name) => ({ name, marks: new Map(this.#tail(name).split('\n').flatMap(parseLine).flatMap((line) => ('mark' in line ? [[line.mark, line.at]] : []))) }))
  }

  isDone(name: string): boolean {
    return this.#tail(name).includes('"mark":"done"')
  }

  read(name: string): Journal | null {
    return fs.existsSync(this.#path(name)) ? this.#read(name) : null
  }

  #read(name: string): Journal | null {
    const lines = fs.readFileSync(this.#path(name), 'utf8').split('\n').flatMap(parseLine)
    const header = lines.find((line) => 'journal' in line)
    if (!header || header.version !== VERSION) return null
    const marks = new Set(lines.flatMap((line) => ('mark' in line ? line.mark : [])))
    const plan: Plan = {
      run: header.run, direction: header.direction, project: header.project, digest: header.digest, undoes: header.undoes,
      paths: lines.flatMap((line) => ('paths' in line ? line.paths : [])),
      steps: lines.flatMap((line) => ('step' in line ? stepOf(line.step) : [])),
      folders: lines.flatMap((line) => ('folder' in line ? folderOf(line.folder) : [])),
    }
    return { name, plan, marks, stage: header.stage, backups: header.backups }
  }

  /** The first line alone: plans can be large. */
  #header(name: string): Header | undefined {
    const descriptor = fs.openSync(this.#path(name), 'r')
    try {
      let text = ''
      for (const chunk = Buffer.alloc(HEADER_BYTES); !text.includes('\n'); ) {
        const length = fs.readSync(descriptor, chunk)
        if (length === 0) break
        text += chunk.toString('latin1', 0, length)
      }
      const [line] = parseLine(Buffer.from(text.split('\n', 1)[0] ?? '', 'latin1').toString('utf8'))
      return line && 'journal' in line ? line : undefined
    } finally {
      fs.closeSync(descriptor)
    }
  }

  #tail(name: string): string {
    const descriptor = fs.openSync(this.#path(name), 'r')
    try {
      const bytes = Buffer.alloc(TAIL_BYTES)
      const { size } = fs.fstatSync(descriptor)
      return bytes.toString('utf8', 0, fs.readSync(descriptor, bytes, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES)))
    } finally {
      fs.closeSync(descriptor)
    }
  }

  #names(): string[] {
    if (!fs.existsSync(this.#folder)) return []
    return fs.readdirSync(this.#folder).flatMap((file) => /^(.+-\d+)\.journal$/.exec(file)?.[1] ?? [])
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.journal`)
  }

  #backupsOf(name: string): string {
    return join(this.#backups, runOf(name), String(numberOf(name)))
  }

  #flushFolder(): void {
    const descriptor = fs.openSync(this.#folder, 'r')
    try { fs.fsyncSync(descriptor) } finally { fs.closeSync(descriptor) }
  }
}

async function letGo(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
  } catch {
    // The journal has its end, which nothing may change any more: what is left is litter, and retention takes it.
  }
}

/** Where the last line that says something ends. */
function endOf(descriptor: number): number {
  const bytes = Buffer.alloc(TAIL_BYTES)
  const { size } = fs.fstatSync(descriptor)
  const start = Math.max(0, size - TAIL_BYTES)
  const length = fs.readSync(descriptor, bytes, 0, TAIL_BYTES, start)
  return start + bytes.toString('latin1', 0, length).replace(/\n+$/, '').length
}

function writeAt(descriptor: number, text: string, position: number): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; ) done += fs.writeSync(descriptor, bytes, done, bytes.length - done, position + done)
}

function runOf(name: string): string {
  return name.slice(0, name.lastIndexOf('-'))
}

function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1))
}
