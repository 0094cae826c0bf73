/** What two parsers see in one text: the one that verdicts rest on, and tree-sitter's grammar, written by other people. */
import { createRequire } from 'node:module'
import { forEachChild, parse } from 'unbash'
import { Language, Parser, type Node } from 'web-tree-sitter'

export interface Seen {
  /** No whole reading was found. */
  readonly isBroken: boolean
  /** The words that commands begin with, as they are written, with the text of the whole command. */
  readonly commands: ReadonlyMap<string, string>
}

export function seenByOurs(text: string): Seen {
  const script = parse(text)
  const commands = new Map<string, string>()
  const visit = (node: Parameters<typeof forEachChild>[0]) => {
    if (node.type === 'Command' && node.name !== undefined) commands.set(plain(node.name.text), text.slice(node.pos, node.end))
    forEachChild(node, visit)
  }
  visit(script)
  return { isBroken: (script.errors?.length ?? 0) > 0, commands }
}

/** Commands by a name of their own in that grammar: `export`, `unset`, `[ … ]`. */
const NAMED = new Set(['declaration_command', 'unset_command'])

export class SecondParser implements Disposable {
  readonly #parser: Parser

  private constructor(parser: Parser) {
    this.#parser = parser
  }

  static async create(): Promise<SecondParser> {
    await Parser.init()
    const parser = new Parser()
    parser.setLanguage(await Language.load(createRequire(import.meta.url).resolve('tree-sitter-bash/tree-sitter-bash.wasm')))
    return new SecondParser(parser)
  }

  read(text: string): Seen {
    const tree = this.#parser.parse(text)
    if (tree === null) return { isBroken: true, commands: new Map() }
    const commands = new Map<string, string>()
    const visit = (node: Node) => {
      const name = node.type === 'command' ? node.childForFieldName('name') : NAMED.has(node.type) ? node.child(0) : node.type === 'test_command' && node.child(0)?.type === '[' ? node.child(0) : null
      if (name) commands.set(plain(name.text), node.text)
      for (const child of node.children) if (child) visit(child)
    }
    visit(tree.rootNode)
    const isBroken = tree.rootNode.hasError
    tree.delete()
    return { isBroken, commands }
  }

  [Symbol.dispose](): void {
    this.#parser.delete()
  }
}

/** One of them keeps quotes and line ends that the other takes away. */
function plain(name: string): string {
  return name.replace(/\\\n|['"\\]/g, '')
}
