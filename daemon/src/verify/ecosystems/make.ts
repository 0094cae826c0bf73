import type { CheckKind } from '@nexus/protocol/verify'
import type { Ecosystem } from '../ecosystem.ts'

const FILES = ['GNUmakefile', 'makefile', 'Makefile']
/** The first of a kind that the file has. */
const TARGETS: readonly { readonly kind: CheckKind; readonly names: readonly string[] }[] = [
  { kind: 'build', names: ['build', 'all'] }, { kind: 'lint', names: ['lint'] }, { kind: 'test', names: ['test', 'check'] },
]

export const make: Ecosystem = {
  name: 'make',
  marks: FILES,
  asks: [],
  reads: FILES,
  recognises: 'the targets build or all, lint, test or check of a Makefile',
  stepsBack: true,
  commands(folder) {
    const targets = targetsIn(FILES.map((name) => folder.text(name)).find((text) => text !== '') ?? '')
    return TARGETS.flatMap(({ kind, names }) => names.filter((name) => targets.has(name)).slice(0, 1).map((name) => ({ kind, command: ['make', name] })))
  },
}

/** Names before a colon at the beginning of a line; `name := value` is no target. */
function targetsIn(text: string): Set<string> {
  const heads = text.split('\n').map((line) => /^([A-Za-z0-9_.\-/ ]{1,500}?)::?(?!=)/.exec(line)?.[1] ?? '')
  return new Set(heads.filter((head) => !head.startsWith('.PHONY')).flatMap((head) => head.split(' ')).filter((name) => name !== ''))
}
