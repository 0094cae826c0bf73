/** An explanation from effects alone, by templates: what each part does, what cannot be undone, what a layer shows, what is gentler. */
import type { Explanation } from '@nexus/protocol/safety'
import { programIn } from './program-name.ts'
import { highest, type Effect, type Kind, type Level } from './effect.ts'
import type { Models } from './models.ts'
import { told } from './told.ts'
import { sentenceOf } from './reasons.ts'
import type { Stage } from './scene.ts'
import { spoken } from './habits/verbs.ts'
import type { Verdict } from './verdict.ts'

/** What a layer holds completely: it is seen as a change set before it touches anything. */
const HELD: ReadonlySet<Kind> = new Set<Kind>(['fs.write', 'fs.delete', 'fs.perm', 'vcs.local', 'vcs.lose', 'vcs.history', 'deps', 'exec.project', 'shell.state', 'persistence'])
const IN_PROJECT = new Set(['build', 'project', 'vcs', 'none'])

export function explain(command: string, verdict: Verdict, models: Models): Explanation {
  const { level, effects, reasons, stages, dialect } = verdict
  const telling = effects.filter((effect) => effect.level !== 'safe')
  return {
    command, shell: dialect, level, reasons: [...reasons],
    stages: stagesOf(command, stages, effects),
    effects: effects.map(told),
    final: unique(telling.filter(({ reversibility }) => reversibility === 'no').map(sentenceOf)),
    layer: layerOf(telling),
    safer: saferOf(stages, level, models),
  }
}

function stagesOf(command: string, stages: readonly Stage[], effects: readonly Effect[]): Explanation['stages'] {
  const seen = new Set<string>()
  return stages.flatMap(({ span, words, what, depth }) => {
    const text = depth === 0 ? command.slice(span[0], span[1]).trim() : words.join(' ')
    const key = `${span.join()} ${depth} ${text}`
    if (seen.has(key)) return []
    seen.add(key)
    const program = programIn(words[0] ?? '')
    const own = effects.filter((effect) => effect.span[0] === span[0] && effect.span[1] === span[1] && (depth === 0 || effect.program === program))
    return [{ span: [span[0], span[1]] as [number, number], text: text.slice(0, 400), what, depth, level: levelOf(own), does: unique(own.filter((effect) => effect.level !== 'safe').map(sentenceOf)) }]
  }).slice(0, 40)
}

function levelOf(effects: readonly Effect[]): Level {
  return highest(effects.map(({ level }) => level))
}

function layerOf(effects: readonly Effect[]): Explanation['layer'] {
  const isHeld = ({ kind, scope }: Effect) => HELD.has(kind) && IN_PROJECT.has(scope)
  const isVain = ({ kind, scope }: Effect) => (kind.startsWith('fs.') || kind === 'persistence' || kind === 'config') && !IN_PROJECT.has(scope) && scope !== 'remote'
  const shows = effects.filter(isHeld).length > 0 ? ['every path of the project that it adds, changes or deletes, before any of it is applied'] : []
  if (effects.some(isVain)) shows.push('what it tries outside of the project fails there, or stays in the layer and is never applied')
  if (effects.some(({ kind }) => /^(net|remote|publish|exec\.remote|secret\.send)/.test(kind))) shows.push('without network nothing leaves the machine: the attempt is recorded')
  const cannot = effects.filter(({ kind }) => /^(remote|publish|net\.out|secret\.send)/.test(kind)).map((effect) => `what happens elsewhere: ${sentenceOf(effect)}`)
  if (effects.some(({ kind }) => kind === 'exec.unknown' || kind === 'exec.remote' || kind === 'unknown')) cannot.push('what the same code would do at another time or on another machine')
  if (effects.some(({ kind }) => kind === 'persistence')) cannot.push('what will run later')
  if (effects.some(({ kind }) => kind === 'secret.read')) cannot.push('who reads what is printed')
  return { shows: unique(shows), cannot: unique(cannot).slice(0, 6) }
}

const GENERAL: Partial<Record<Level, string>> = { critical: 'nexus run -- CMD, and look at what it would have done', dangerous: 'nexus run -- CMD shows what it changes before anything is applied' }

function saferOf(stages: readonly Stage[], level: Level, models: Models): string[] {
  if (level === 'safe' || level === 'caution') return []
  const own = stages.flatMap(({ words }) => {
    const [name = '', ...rest] = words
    const safer = models.find(programIn(name))?.model.safer
    if (safer === undefined) return []
    const verbs = rest.filter((word) => !word.startsWith('-')).slice(0, 3)
    const { at } = spoken(verbs)
    const found = verbs.find((verb) => safer[verb] !== undefined) ?? verbs[at] ?? ''
    const text = safer[found] ?? safer['']
    return text === undefined ? [] : [text]
  })
  const general = GENERAL[level]
  return unique([...own, ...(general === undefined ? [] : [general])]).slice(0, 4)
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
