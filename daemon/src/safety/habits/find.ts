/** `find` and `fd`: harmless, until an action is given. */
import type { Call } from '../call.ts'
import { writeTo } from '../shell/redirects.ts'
import { GLOB, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startWords } from './wrap.ts'

const TAKES = new Set('-name -iname -path -ipath -wholename -regex -iregex -lname -type -xtype -size -mtime -mmin -ctime -cmin -atime -amin -newer -newermt -user -group -uid -gid -perm -maxdepth -mindepth -printf -fstype -samefile -inum -links -regextype -D -used -anewer -cnewer'.split(' '))
const EXECUTES = new Set(['-exec', '-execdir', '-ok', '-okdir', '-x', '-X', '--exec', '--exec-batch'])

export function findRun(call: Call): Flow {
  const { name, words, shell } = call
  const isFd = name !== 'find' && name !== 'bfs'
  const roots: string[] = []
  let at = 0
  if (!isFd) {
    while (at < words.length && /^-(H|L|P|O\d?|E|X|s|f)$/.test(words[at] ?? '')) at += 1
    while (at < words.length && !/^[-(!]/.test(words[at] ?? '')) { roots.push(words[at] ?? ''); at += 1 }
  }
  const filters = isFd ? [fdFilter(words)] : findFilters(words)
  const filter = filters[0] ?? ''
  const known = roots.length > 0 ? roots : ['.']
  const places = known.flatMap((root) => filters.map((one) => (one === '' ? root : `${root.replace(/(.)\/+$/, '$1')}/${one}`)))
  // What is empty loses nothing but its name.
  const isEmpty = words.some((word, index) => word === '-empty' && !/^(!|-not)$/.test(words[index - 1] ?? '')) && !words.some((word) => word === '-o' || word === '-or')
  let hasAction = false
  for (; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (TAKES.has(word)) { at += 1; continue }
    if (word === '-delete') { hasAction = true; for (const place of isEmpty ? known : places) shell.touch('fs.delete', place, { amount: isEmpty ? 'one' : 'many' }) }
    else if (/^-f(print|printf|ls|print0)$/.test(word)) { writeTo(words[at + 1] ?? '', UNKNOWN_FLOW, shell); at += word === '-fprintf' ? 2 : 1 }
    else if (EXECUTES.has(word)) {
      const rest = words.slice(at + 1)
      const end = rest.findIndex((one) => one === ';' || one === '+' || one === '\\;')
      const inner = end < 0 ? rest : rest.slice(0, end)
      hasAction = true
      const isPlaced = inner.some((one) => one.includes('{'))
      for (const place of places) startWords([...inner.map((one) => one.replaceAll(/\{(\/\/?|\.|\/\.)?\}/g, place)), ...(isFd && !isPlaced ? [place] : [])], shell, UNKNOWN_FLOW)
      at += end < 0 ? rest.length : end + 1
    }
  }
  return { ...UNKNOWN_FLOW, ...(hasAction ? {} : { paths: places.map((place) => (filter === '' ? `${place.replace(/(.)\/+$/, '$1')}/${GLOB}` : place)) }) }
}

/** With `-o` every name is meant. */
function findFilters(words: readonly string[]): string[] {
  if (!words.some((word) => word === '-o' || word === '-or')) return [findFilter(words)]
  const names = words.flatMap((word, at) => (/^-(name|iname)$/.test(word) && words[at - 1] !== '!' && words[at - 1] !== '-not' ? [(words[at + 1] ?? '').replace(/\*+|\?|\[[^\]]*\]/g, GLOB)] : []))
  return names.length > 0 ? names : [findFilter(words)]
}

/** What remains of a name pattern when nothing can be said: any file, yet not the folder itself. */
function findFilter(words: readonly string[]): string {
  const at = words.findIndex((word) => /^-(name|iname)$/.test(word))
  const isNegated = words[at - 1] === '!' || words[at - 1] === '-not'
  if (at >= 0 && !isNegated) return (words[at + 1] ?? '').replace(/\*+|\?|\[[^\]]*\]/g, GLOB)
  const path = words.findIndex((word) => /^-(path|ipath|wholename)$/.test(word))
  const inside = path >= 0 && words[path - 1] !== '!' && words[path - 1] !== '-not' ? /\*?\/([\w.-]+)\/\*?/.exec(words[path + 1] ?? '')?.[1] : undefined
  if (inside !== undefined) return `${inside}/${GLOB}x`
  // Old, big or empty ones: some of them, not all.
  if (words.some((word) => /^-(mtime|mmin|ctime|atime|size|empty|newer\w*|user|perm)$/.test(word))) return `${GLOB}x`
  if (!words.some((word) => /^-(type|xtype|mindepth|i?name)$/.test(word))) return ''
  // It goes down into hidden folders, too: the history of a project is one of them.
  return words.some((word) => /^-(maxdepth|prune|i?path|wholename|i?regex)$/.test(word)) ? GLOB : `.${GLOB}`
}

function fdFilter(words: readonly string[]): string {
  const at = words.findIndex((word) => word === '-e' || word === '--extension')
  return at >= 0 ? `${GLOB}.${words[at + 1] ?? ''}` : `${GLOB}x`
}
