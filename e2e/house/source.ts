/** A source file as the rules see it: what it imports, from where, by value or as a type, and which globals it reads. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

export interface Source {
  /** From the root of the house, with forward slashes. */
  readonly path: string
  readonly text: string
}

export interface Import {
  /** A path from the root for our own files (`daemon/src/state/state.ts`), else the module's name. */
  readonly target: string
  readonly isType: boolean
}

export function sourcesIn(root: string, folders: readonly string[]): Source[] {
  return folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(tsx?|c|h)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/node_modules/'))
    .map((file) => ({ path: relative(root, file), text: readFileSync(file, 'utf8') }))
}

/** The native helper's sources are C: no imports to follow, but length and names count. */
export function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path)
}

export function isTest(path: string): boolean {
  return /\.(test|contract|bench)\.tsx?$/.test(path)
}

export function importsOf({ path, text }: Source): Import[] {
  const { module, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} does not parse: ${errors[0].message}`)
  const found: Import[] = []
  const add = (name: string, isType: boolean) => found.push({ target: targetOf(path, name), isType })
  for (const { moduleRequest, entries } of module.staticImports) {
    // `import 'x'` has no entries and runs the module, so it is an import by value.
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType))
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest) add(moduleRequest.value, isType)
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const name = /^(['"`])(.*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[2]
    if (name !== undefined) add(name, false)
  }
  return found
}

/** `process.env` and `Date.now` as they are really used, not as words in a comment; a Date without arguments is now, too. */
export function globalsOf({ path, text }: Source): string[] {
  const { program } = parseSync(path, text)
  const found: string[] = []
  new Visitor({
    MemberExpression({ object, property, computed }) {
      if (computed || object.type !== 'Identifier' || property.type !== 'Identifier') return
      const name = `${object.name}.${property.name}`
      if (name === 'process.env' || name === 'Date.now') found.push(name)
    },
    NewExpression({ callee, arguments: given }) {
      if (callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0) found.push('Date.now')
    },
    ImportDeclaration({ source, specifiers }) {
      const isProcess = source.value === 'node:process' || source.value === 'process'
      if (isProcess && specifiers.some((one) => one.type === 'ImportSpecifier' && 'name' in one.imported && one.imported.name === 'env')) found.push('process.env')
    },
  }).visit(program)
  return found
}

function targetOf(path: string, name: string): string {
  if (name.startsWith('.')) return posix.normalize(posix.join(posix.dirname(path), name))
  const own = /^@nexus\/([^/]+)\/(.+)$/.exec(name)
  return own ? `${own[1]}/src/${own[2]}.ts` : name
}
