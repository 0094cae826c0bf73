/** Which tests prove which promises: read from the titles of `test(…)` and `describe(…)` in the sources. */
import { parseSync, Visitor, type CallExpression, type Expression } from 'oxc-parser'
import type { Source } from './source.ts'

export interface Proof {
  readonly id: string
  readonly path: string
  readonly title: string
}

/** A benchmark says in its first lines which figure it measures: `// PERF-1: …`. */
export function benchmarksIn({ path, text }: Source): Proof[] {
  if (!path.endsWith('.bench.ts')) return []
  return [...text.matchAll(/^\/\/ (PERF-\d+): (.+)$/gm)].map(([, id = '', title = '']) => ({ id, path, title }))
}

/** A title proves an id by `proves('title', 'RUN-1')` or by ending in `[RUN-1]`; a test that is skipped or to do proves nothing. */
export function proofsIn({ path, text }: Source): Proof[] {
  const found: Proof[] = []
  new Visitor({
    CallExpression(call) {
      if (!isTestCall(call.callee)) return
      const [given] = call.arguments
      if (!given || given.type === 'SpreadElement') return
      const title = titleOf(given)
      for (const id of title?.match(/\[([A-Z]+-\d+(?:, [A-Z]+-\d+)*)\]$/)?.[1]?.split(', ') ?? []) found.push({ id, path, title: title ?? '' })
    },
  }).visit(parseSync(path, text).program)
  return found
}

/** `test`, `it`, `describe`, `test.each([…])`, `describe.sequential` …, but neither `.skip` nor `.todo` nor `.fails`. */
function isTestCall(callee: Expression): boolean {
  if (callee.type === 'Identifier') return ['test', 'it', 'describe'].includes(callee.name)
  if (callee.type === 'CallExpression') return isTestCall(callee.callee)
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false
  return !['skip', 'todo', 'fails'].includes(callee.property.name) && isTestCall(callee.object)
}

function titleOf(given: Expression): string | undefined {
  if (given.type === 'Literal' && typeof given.value === 'string') return given.value
  if (given.type === 'TemplateLiteral') return given.quasis.map(({ value }) => value.cooked).join('…')
  return given.type === 'CallExpression' ? titleOfProves(given) : undefined
}

function titleOfProves({ callee, arguments: given }: CallExpression): string | undefined {
  if (callee.type !== 'Identifier' || callee.name !== 'proves') return undefined
  const words = given.flatMap((word) => (word.type === 'Literal' && typeof word.value === 'string' ? [word.value] : []))
  return words.length === given.length && words.length > 1 ? `${words[0]} [${words.slice(1).join(', ')}]` : undefined
}
