import type { Ecosystem, Found } from '../ecosystem.ts'

export const mix: Ecosystem = {
  name: 'mix',
  marks: ['mix.exs'],
  asks: ['.formatter.exs', '.credo.exs'],
  reads: [],
  recognises: 'mix.exs',
  commands(folder) {
    const lint: Found[] = [
      ...(folder.has('.formatter.exs') ? [{ kind: 'lint' as const, command: ['mix', 'format', '--check-formatted'] }] : []),
      ...(folder.has('.credo.exs') ? [{ kind: 'lint' as const, command: ['mix', 'credo'] }] : []),
    ]
    return [{ kind: 'build', command: ['mix', 'compile'] }, ...lint, { kind: 'test', command: ['mix', 'test'] }]
  },
}
