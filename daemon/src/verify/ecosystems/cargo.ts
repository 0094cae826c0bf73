import type { Ecosystem, Found } from '../ecosystem.ts'

export const cargo: Ecosystem = {
  name: 'cargo',
  marks: ['Cargo.toml'],
  asks: ['clippy.toml', '.clippy.toml'],
  reads: ['Cargo.toml'],
  recognises: 'Cargo.toml',
  commands(folder) {
    // Clippy is an extra component: only a project that set it up is held to it.
    const linted = folder.has('clippy.toml') || folder.has('.clippy.toml') || /^\[(workspace\.)?lints/m.test(folder.text('Cargo.toml'))
    const lint: Found[] = linted ? [{ kind: 'lint', command: ['cargo', 'clippy', '--all-targets'] }] : []
    return [{ kind: 'build', command: ['cargo', 'build', '--all-targets'] }, ...lint, { kind: 'test', command: ['cargo', 'test', '--no-fail-fast'] }]
  },
}
