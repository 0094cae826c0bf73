/** An explanation for eyes: the verdict first, then each part of the command, then what matters before it runs. */
import { safe, safeLines } from '@nexus/protocol/readable'
import type { Explanation, Level } from '@nexus/protocol/safety'
import { LEVEL_MEANINGS, LEVEL_SIGNS } from '@nexus/protocol/verdict-words'
import type { Theme } from './theme.ts'
import { cut, widthOf } from './width.ts'

export function explanationLines({ command, level, reasons, stages, final, layer, safer }: Explanation, theme: Theme, columns: number): string[] {
  const paint = paintOf(level, theme)
  const lines = [`${paint(`${LEVEL_SIGNS[level]} ${theme.strong(level)}`)}  ${theme.dim(LEVEL_MEANINGS[level])}`, ...wrapped(safeLines(command), columns, '  ').slice(0, 6).map((line) => theme.accent(line))]
  if (level !== 'safe') lines.push('', ...reasons.flatMap((reason) => item(reason, theme, columns)))
  if (stages.length > 0) lines.push('', theme.strong('what it does'), ...stages.flatMap((stage) => stageLines(stage, theme, columns)))
  lines.push(...section('cannot be taken back', final, theme, columns))
  lines.push(...section('a run in a layer shows', layer.shows, theme, columns), ...section('it cannot show', layer.cannot, theme, columns), ...section('gentler', safer, theme, columns))
  return lines
}

function stageLines({ text, what, depth, level, does }: Explanation['stages'][number], theme: Theme, columns: number): string[] {
  const indent = '  '.repeat(Math.min(depth, 6) + 1)
  const head = `${indent}${paintOf(level, theme)(LEVEL_SIGNS[level])} ${cut(safe(text.replace(/\s+/g, ' ')), columns - indent.length - 2)}`
  const said = [what === '' ? undefined : theme.dim(what), level === 'safe' ? undefined : paintOf(level, theme)(level)].filter((one) => one !== undefined).join(theme.dim(' · '))
  return [head, `${indent}  ${said}`, ...does.slice(0, 4).flatMap((one) => wrapped(safe(one), columns, `${indent}  `))]
}

function section(title: string, texts: readonly string[], theme: Theme, columns: number): string[] {
  return texts.length === 0 ? [] : ['', theme.strong(title), ...texts.flatMap((text) => item(text, theme, columns))]
}

function item(text: string, theme: Theme, columns: number): string[] {
  const [first = '', ...rest] = wrapped(safe(text), columns, '    ')
  return [`  ${theme.dim('·')} ${first.trimStart()}`, ...rest]
}

/** At blanks, so that no line is wider than the screen; what has none is cut where it ends. */
function wrapped(text: string, columns: number, indent: string): string[] {
  const width = Math.max(20, columns - indent.length)
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) { lines.push(line); line = word } else line = line === '' ? word : `${line} ${word}`
      while (widthOf(line) > width) { const head = [...line].slice(0, width - 1).join(''); lines.push(head); line = line.slice(head.length) }
    }
    lines.push(line)
  }
  return lines.map((line) => indent + line)
}

export function paintOf(level: Level, theme: Theme): (text: string) => string {
  return { safe: theme.good, caution: theme.accent, dangerous: theme.careful, critical: theme.bad }[level]
}
