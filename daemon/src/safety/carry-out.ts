/** A program is started: its model says what that does. */
import { sorted, type Call } from './call.ts'
import { fold } from './fold.ts'
import { asksForHelp } from './help-asked.ts'
import { judgeGiven } from './habits/given-commands.ts'
import { setUpText } from './habits/set-up.ts'
import { byVerbs } from './habits/verbs.ts'
import { judgeUnknown } from './habits/unknown-program.ts'
import type { Ready } from './models.ts'
import { programIn } from './program-name.ts'
import type { Compiled } from './rule.ts'
import type { Shell } from './shell/shell.ts'
import { DOWNLOADED, flowOf, isKnown, isSecret, NOTHING, UNKNOWN_FLOW, type Flow } from './text.ts'

export interface Started {
  readonly name: string
  readonly words: readonly string[]
  readonly stdin: Flow
  readonly shell: Shell
}

export function carryOut(started: Started): Flow {
  const { shell } = started
  const name = programIn(started.name)
  shell.program = name
  const found = /[\\/]/.test(started.name) ? byPath(started, name) : shell.scene.models.find(name)
  if (found === 'done') return NOTHING
  const out = found === undefined ? judgeUnknown({ ...started, name }) : begin({ ...started, name }, found)
  return out.isSecret && out.origin === undefined ? { ...out, origin: { target: targetIn(started), program: name, span: shell.outerSpan ?? shell.span } } : out
}

const WHERE_PROGRAMS_ARE = /^(\/usr)?(\/local)?\/s?bin\/|^(\/usr)?\/lib(32|64|x32)?\/(\S*\/)?ld-(linux|musl)|^\/opt\/homebrew\/|^\/snap\/bin\/|^\/busybox\/|(^|\/)node_modules\/\.bin\/|(^|\/)(\.?venv|env)\/bin\/|\/\.(cargo|local|pyenv\/shims|rbenv\/shims|nvm\/[^ ]*|bun|deno|volta)\/bin\/|^[A-Za-z]:|^\/windows\//

function byPath({ name: path, words, stdin, shell }: Started, name: string): Ready | undefined | 'done' {
  const place = shell.place(path)
  const written = shell.files.get(place.path)
  if (written) {
    runWritten(written, words, stdin, shell)
    return 'done'
  }
  const found = shell.scene.models.find(name)
  if (WHERE_PROGRAMS_ARE.test(path) && place.scope !== 'temp') return found
  if (found?.model.isLocal === true) return found
  if (place.scope === 'temp' || !isKnown(path)) shell.does('exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: path, note: `runs ${place.scope === 'temp' ? 'a file from a temporary folder' : 'a file'} that nobody has reviewed` })
  else if (place.scope === 'home' || place.scope === 'system' || place.scope === 'device') return undefined
  else shell.does(shell.isRoot ? 'exec.unknown' : 'exec.project', 'project', { target: place.path, note: `runs ${path}, a program of the project` })
  shell.stage([path, ...words], 'runs a file')
  return 'done'
}

/** A script that was written or fetched on the way here. */
function runWritten(written: Flow, words: readonly string[], stdin: Flow, shell: Shell): Flow {
  if (written.text !== undefined && isKnown(written.text)) return shell.run(written.text, { stdin, positional: words }).out
  const isDownload = written.isDownloaded || written.text?.includes(DOWNLOADED) === true
  shell.does(isDownload ? 'exec.remote' : 'exec.unknown', shell.isRoot ? 'vital' : 'unknown', { target: isDownload ? 'a download' : 'a file' })
  return UNKNOWN_FLOW
}

function begin({ name, words, stdin, shell }: Started, { model, values, rules, subs }: Ready): Flow {
  shell.stage([name, ...words], model.what)
  if (model.isWrapper !== true && asksForHelp(words, subs.size > 0)) return NOTHING
  const folded = setUpText(name, words) ?? fold(name, words, stdin, shell)
  if (folded !== undefined) return flowOf(folded)
  if (model.isWrapper !== true) judgeGiven(name, words, shell)
  const parsed = sorted(words, values, model.style)
  // `gcloud beta …`: a stage of the program, no part of what it does.
  const first = subs.size > 0 && /^(alpha|beta|preview)$/.test(parsed.operands[0] ?? '') ? { ...parsed, operands: parsed.operands.slice(1) } : parsed
  const { phrase, compiled } = subs.size === 0 ? { phrase: '', compiled: undefined } : subIn(first.operands, subs)
  const count = phrase === '' ? 0 : phrase.split(' ').length
  const again = compiled !== undefined && compiled.values.length > 0 ? sorted(words, new Set([...values, ...compiled.values]), model.style) : first
  const call: Call = { name, words, stdin, shell, model, flags: again.flags, operands: compiled === undefined ? again.operands : again.operands.slice(count) }
  model.also?.(call)
  if (compiled !== undefined) return follow(compiled, call)
  if (model.run) return model.run(call) ?? NOTHING
  if (model.grammar === 'verbs') return byVerbs(call)
  return follow(rules, call)
}

function subIn(operands: readonly string[], subs: ReadonlyMap<string, Compiled>): { phrase: string; compiled: Compiled | undefined } {
  for (let count = Math.min(4, operands.length); count > 0; count -= 1) {
    const phrase = operands.slice(0, count).join(' ')
    const compiled = subs.get(phrase)
    if (compiled) return { phrase, compiled }
  }
  return { phrase: '', compiled: undefined }
}

export function follow({ rules }: Compiled, call: Call): Flow {
  const { stdin, words, model } = call
  let out: Flow = model.prints === 'filter' ? { ...UNKNOWN_FLOW, isSecret: stdin.isSecret || words.some(isSecret), isDownloaded: stdin.isDownloaded, origin: stdin.origin, isEnvironment: stdin.isEnvironment, paths: stdin.paths } : model.prints === 'download' ? { ...UNKNOWN_FLOW, isDownloaded: true } : UNKNOWN_FLOW
  for (const rule of rules) {
    const result = rule(call)
    if (result === 'stop') break
    if (result) out = { ...UNKNOWN_FLOW, isSecret: out.isSecret || result.isSecret, isDownloaded: out.isDownloaded || result.isDownloaded, origin: out.origin ?? result.origin, paths: out.paths }
  }
  return out
}

function targetIn({ name, words }: Started): string {
  return words.find((word) => !word.startsWith('-')) ?? name
}

